// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * The real disk, with all that is asked of it written down; from that it builds what a power loss
 * may leave: pages of 4 KB and directory entries that no sync covers are kept or dropped one by
 * one.
 */
final class RecordingFileSystem implements FileSystem {
  private static final int PAGE = 4096;

  enum Kind {
    CREATE,
    WRITE,
    FORCE,
    TRUNCATE,
    DELETE,
    SYNC_DIRECTORY,
    NOTE
  }

  /** One thing that happened; a note is a test's own, such as "this was acknowledged". */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Step(Kind kind, String file, long position, byte[] bytes, byte[] lock, Runnable note) {}

  private static final byte[] NOTHING = new byte[0];

  private final FileSystem real = new NioFileSystem();
  final List<Step> steps = Collections.synchronizedList(new ArrayList<>());
  volatile Runnable onForce = () -> {};

  synchronized void note(Runnable note) {
    steps.add(new Step(Kind.NOTE, "", 0, NOTHING, NOTHING, note));
  }

  private synchronized void step(Kind kind, Path file, long position, byte[] bytes) {
    String name = file.getFileName().toString();
    steps.add(new Step(kind, name, position, bytes, lock(file.getParent()), () -> {}));
  }

  /** What the log has written without this class: which segments there are. */
  private static byte[] lock(Path directory) {
    try {
      return Files.readAllBytes(directory.resolve(DirectoryLock.FILE));
    } catch (IOException e) {
      return NOTHING;
    }
  }

  long count(Kind kind) {
    return steps.stream().filter(step -> step.kind() == kind).count();
  }

  @Override
  public void createDirectory(Path directory) throws IOException {
    real.createDirectory(directory);
  }

  @Override
  public List<Path> list(Path directory) throws IOException {
    return real.list(directory);
  }

  @Override
  public File create(Path path) throws IOException {
    File file = real.create(path);
    step(Kind.CREATE, path, 0, new byte[0]);
    return new RecordingFile(path, file);
  }

  @Override
  public File open(Path path, boolean writable) throws IOException {
    return new RecordingFile(path, real.open(path, writable));
  }

  @Override
  public void delete(Path path) throws IOException {
    real.delete(path);
    step(Kind.DELETE, path, 0, new byte[0]);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    step(Kind.SYNC_DIRECTORY, directory, 0, new byte[0]);
  }

  private final class RecordingFile implements File {
    private final Path path;
    private final File file;

    RecordingFile(Path path, File file) {
      this.path = path;
      this.file = file;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return file.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      byte[] bytes = new byte[source.remaining()];
      source.duplicate().get(bytes);
      file.write(source, position);
      step(Kind.WRITE, path, position, bytes);
    }

    @Override
    public void force() {
      step(Kind.FORCE, path, 0, new byte[0]);
      onForce.run();
    }

    @Override
    public void truncate(long size) throws IOException {
      file.truncate(size);
      step(Kind.TRUNCATE, path, size, new byte[0]);
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /** A file as the process sees it, and as it surely is on the disk. */
  private static final class Image {
    byte[] seen = new byte[0];
    byte[] safe = new byte[0];
    boolean seenThere;
    boolean safeThere;
  }

  /** Builds in {@code target} what a power loss after the first {@code count} steps may leave. */
  void crash(int count, Path target, Random random) throws IOException {
    Map<String, Image> files = new TreeMap<>();
    for (Step step : steps.subList(0, count)) {
      Image image = files.computeIfAbsent(step.file(), f -> new Image());
      switch (step.kind()) {
        case CREATE -> image.seenThere = true;
        case DELETE -> image.seenThere = false;
        case WRITE -> image.seen = write(image.seen, step.position(), step.bytes());
        case TRUNCATE -> image.seen = Arrays.copyOf(image.seen, (int) step.position());
        case FORCE -> image.safe = image.seen.clone();
        case SYNC_DIRECTORY -> files.values().forEach(file -> file.safeThere = file.seenThere);
        case NOTE -> step.note().run();
      }
    }
    Files.createDirectories(target);
    for (Map.Entry<String, Image> file : files.entrySet()) {
      Image image = file.getValue();
      boolean there = random.nextBoolean() ? image.seenThere : image.safeThere;
      if (file.getKey().endsWith(SegmentName.SUFFIX) && there) {
        Files.write(target.resolve(file.getKey()), drop(image, random));
      }
    }
    Files.write(target.resolve(DirectoryLock.FILE), lock(count, random));
  }

  /** Any that there was since the last deletion, before which it is synced. */
  private byte[] lock(int count, Random random) {
    List<byte[]> since = new ArrayList<>(List.of(NOTHING));
    for (Step step : steps.subList(0, count)) {
      if (step.kind() == Kind.DELETE && step.file().endsWith(SegmentName.SUFFIX)) {
        since.clear();
      }
      if (step.lock().length > 0) {
        since.add(step.lock());
      }
    }
    return since.get(random.nextInt(since.size()));
  }

  private static byte[] write(byte[] old, long position, byte[] bytes) {
    byte[] grown = Arrays.copyOf(old, (int) Math.max(old.length, position + bytes.length));
    System.arraycopy(bytes, 0, grown, (int) position, bytes.length);
    return grown;
  }

  /** Each page that no sync covers is there or not; the size too is one that was or is. */
  private static byte[] drop(Image image, Random random) {
    byte[] bytes = image.safe.clone();
    for (int page = 0; page < image.seen.length; page += PAGE) {
      int end = Math.min(image.seen.length, page + PAGE);
      if (random.nextBoolean()) {
        bytes = write(bytes, page, Arrays.copyOfRange(image.seen, page, end));
      }
    }
    return random.nextBoolean() && image.seen.length > bytes.length
        ? Arrays.copyOf(bytes, image.seen.length)
        : bytes;
  }
}
