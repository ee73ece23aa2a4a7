// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

/**
 * An event in a log.
 *
 * @param position its place: unique in its log, ascending in the order in which events were added
 * @param array holds its bytes, and maybe those of others; not to be changed
 * @param offset where its bytes begin
 * @param length how many there are
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SpooledEvent(long position, byte[] array, int offset, int length) {}
