// SPDX-License-Identifier: Apache-2.0

module service {
  requires io.runtracker;
}
