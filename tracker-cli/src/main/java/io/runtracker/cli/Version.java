// SPDX-License-Identifier: Apache-2.0
package io.runtracker.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    String version = Version.class.getPackage().getImplementationVersion();
    return new String[] {"runtracker " + (version == null ? "of an unknown version" : version)};
  }
}
