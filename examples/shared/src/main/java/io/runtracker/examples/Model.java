// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples;

import java.util.Random;

/**
 * A small dense network with weights that never change: the work of a handler that does some. It
 * takes about 200 us of a core of the machine that docs/measurements.md names.
 */
final class Model {

  private static final int WIDTH = 128;
  private static final int LAYERS = 16;

  private final float[][][] weights = new float[LAYERS][WIDTH][WIDTH];

  Model() {
    Random random = new Random(1);
    for (float[][] layer : weights) {
      for (float[] neuron : layer) {
        for (int i = 0; i < WIDTH; i++) {
          neuron[i] = (float) (random.nextGaussian() / Math.sqrt(WIDTH));
        }
      }
    }
  }

  /** A number from 0 to 1 that depends on every character of the input. */
  double score(String input) {
    float[] values = new float[WIDTH];
    for (int i = 0; i < input.length(); i++) {
      values[i % WIDTH] += input.charAt(i) / 128f;
    }
    for (float[][] layer : weights) {
      float[] next = new float[WIDTH];
      for (int i = 0; i < WIDTH; i++) {
        next[i] = Math.max(0, dot(layer[i], values)) * 1.5f;
      }
      values = next;
    }
    float sum = 0;
    for (float value : values) {
      sum += value;
    }
    return 1 - Math.exp(-sum / WIDTH);
  }

  private static float dot(float[] weights, float[] values) {
    float sum = 0;
    for (int i = 0; i < WIDTH; i++) {
      sum += weights[i] * values[i];
    }
    return sum;
  }
}
