// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import java.io.IOException;
import java.util.List;

/** Where requests go that the sink will never take as they are. */
public interface SetAside {

  /**
   * Keeps them, all or none. The same ones may come again, after a restart.
   *
   * @param id of what is set aside
   * @param reason why, for a person
   * @param events their bytes, which need not be readable
   * @throws IOException when they cannot be kept now
   */
  void add(String id, String reason, List<byte[]> events) throws IOException;
}
