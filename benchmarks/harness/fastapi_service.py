# SPDX-License-Identifier: Apache-2.0
"""What a Python service does without Runtracker: a FastAPI middleware with an MLflow run for each request.

Variables: TRACKING (true or false), PORT, MLFLOW_TRACKING_URI.
"""

import os
import time

import mlflow
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

SKIPPED = {"/health", "/docs", "/openapi.json"}

app = FastAPI()


async def track(request: Request, call_next):
    if request.url.path in SKIPPED:
        return await call_next(request)
    name = f"{request.method}_{request.url.path}_{int(time.time())}"
    run = mlflow.start_run(run_name=name, nested=mlflow.active_run() is not None)
    status = "FINISHED"
    try:
        mlflow.set_tag("http.method", request.method)
        mlflow.set_tag("http.url", str(request.url))
        response = await call_next(request)
        if response.status_code >= 500:
            mlflow.set_tag("status", "FAILED")
            status = "FAILED"
        return response
    except Exception as e:
        mlflow.log_param("error_type", type(e).__name__)
        mlflow.log_text(str(e), "error_details.txt")
        status = "FAILED"
        raise
    finally:
        if run is not None:
            mlflow.end_run(status)


if os.environ["TRACKING"] == "true":
    app.middleware("http")(track)


@app.get("/hello", response_class=PlainTextResponse)
async def hello():
    return "hello\n"


@app.get("/health", response_class=PlainTextResponse)
async def health():
    return "ok\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
