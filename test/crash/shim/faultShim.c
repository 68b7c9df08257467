/*
 * Preloaded into a server, this library makes its disk fail, fill up or become slow on command. It stands before the C library's file
 * functions; a call on a file under $HOLDFAST_FAULT_PREFIX is counted and, when the control block says so, delayed or refused.
 * The control block is the file $HOLDFAST_FAULT_CONTROL, mapped into the process, so that a test changes it and reads the counters
 * while the server runs. Its layout is `struct control`; faultShim.ts has the same. Linux with glibc only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* glibc has these as macros too. */
#undef fwrite_unlocked
#undef fread_unlocked

struct control {
  int64_t syncFailsFrom;     /* set: when not 0, one sync fails with EIO, the first that is this one or later (they count from 1) */
  int64_t syncDelayMillis;   /* set: how long each sync takes more than it would */
  int64_t spaceBytes;        /* set: bytes that may still be written, negative for no limit */
  int64_t readsFail;         /* set: not 0 makes every read fail with EIO */
  int64_t syncs;             /* counted: syncs begun */
  int64_t syncsFailed;       /* counted: syncs made to fail */
  int64_t syncsAfterFailure; /* counted: syncs asked for after one was made to fail */
  int64_t writesRefused;     /* counted: writes refused for want of space */
  int64_t readsFailed;       /* counted: reads made to fail */
};

static volatile struct control *control;
static const char *prefix;
static size_t prefixLength;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("HOLDFAST_FAULT_CONTROL");
  const char *under = getenv("HOLDFAST_FAULT_PREFIX");
  if (path == NULL || under == NULL) return;
  prefix = strdup(under); /* A process may write over its environment, to set its title. */
  prefixLength = strlen(prefix);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *block = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (block != MAP_FAILED) control = block;
}

static int64_t count(volatile int64_t *counter) { return __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST); }

/* Whether a file is one whose faults we control. */
static int isOurs(int fd) {
  if (control == NULL) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  return length >= (ssize_t)prefixLength && memcmp(path, prefix, prefixLength) == 0;
}

static int refused(volatile int64_t *counter, int error) {
  count(counter);
  errno = error;
  return -1;
}

/* ---- sync ------------------------------------------------------------------------------------------------ */

static int beforeSync(int fd) {
  if (!isOurs(fd)) return 0;
  if (control->syncsFailed > 0) count(&control->syncsAfterFailure);
  int64_t ordinal = count(&control->syncs);
  int64_t millis = control->syncDelayMillis;
  if (millis > 0) {
    struct timespec pause = {millis / 1000, (millis % 1000) * 1000000};
    nanosleep(&pause, NULL);
  }
  int64_t failsFrom = control->syncFailsFrom;
  if (failsFrom == 0 || ordinal < failsFrom) return 0;
  int64_t none = 0;
  if (!__atomic_compare_exchange_n(&control->syncsFailed, &none, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return 0;
  errno = EIO;
  return -1;
}

int fsync(int fd) { return beforeSync(fd) < 0 ? -1 : NEXT(fsync)(fd); }

int fdatasync(int fd) { return beforeSync(fd) < 0 ? -1 : NEXT(fdatasync)(fd); }

/* ---- space ----------------------------------------------------------------------------------------------- */

/* How many of `wanted` bytes there is room for; a disk that fills up takes the beginning of a write and refuses the next. */
static ssize_t takeSpace(int fd, size_t wanted) {
  if (control == NULL || control->spaceBytes < 0 || !isOurs(fd)) return wanted;
  int64_t space = control->spaceBytes, left;
  size_t granted;
  do {
    granted = space < 0 || (uint64_t)space > wanted ? wanted : (size_t)space;
    left = space < 0 ? space : space - (int64_t)granted;
  } while (!__atomic_compare_exchange_n(&control->spaceBytes, &space, left, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  return granted == 0 && wanted > 0 ? refused(&control->writesRefused, ENOSPC) : (ssize_t)granted;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  ssize_t granted = takeSpace(fd, length);
  return granted < 0 ? -1 : NEXT(write)(fd, bytes, granted);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  ssize_t granted = takeSpace(fd, length);
  return granted < 0 ? -1 : NEXT(pwrite)(fd, bytes, granted, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  ssize_t granted = takeSpace(fd, length);
  return granted < 0 ? -1 : NEXT(pwrite64)(fd, bytes, granted, at);
}

static size_t lengthOf(const struct iovec *pieces, int pieceCount) {
  size_t length = 0;
  for (int i = 0; i < pieceCount; i++) length += pieces[i].iov_len;
  return length;
}

/* Copies the pieces as far as `length` bytes reach; returns how many pieces that takes. */
static int cutPieces(const struct iovec *pieces, int pieceCount, size_t length, struct iovec *cut) {
  int used = 0;
  while (used < pieceCount && length > 0) {
    cut[used] = pieces[used];
    if (cut[used].iov_len > length) cut[used].iov_len = length;
    length -= cut[used++].iov_len;
  }
  return used;
}

#define WRITE_PIECES(fd, pieces, pieceCount, call)                      \
  do {                                                                  \
    size_t wanted = lengthOf(pieces, pieceCount);                       \
    ssize_t granted = takeSpace(fd, wanted);                            \
    if (granted < 0) return -1;                                         \
    struct iovec cut[pieceCount > 0 ? pieceCount : 1];                  \
    int used = cutPieces(pieces, pieceCount, (size_t)granted, cut);     \
    return call;                                                        \
  } while (0)

ssize_t writev(int fd, const struct iovec *pieces, int pieceCount) {
  WRITE_PIECES(fd, pieces, pieceCount, NEXT(writev)(fd, cut, used));
}

ssize_t pwritev(int fd, const struct iovec *pieces, int pieceCount, off_t at) {
  WRITE_PIECES(fd, pieces, pieceCount, NEXT(pwritev)(fd, cut, used, at));
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int pieceCount, off64_t at) {
  WRITE_PIECES(fd, pieces, pieceCount, NEXT(pwritev64)(fd, cut, used, at));
}

ssize_t pwritev2(int fd, const struct iovec *pieces, int pieceCount, off_t at, int flags) {
  WRITE_PIECES(fd, pieces, pieceCount, NEXT(pwritev2)(fd, cut, used, at, flags));
}

ssize_t pwritev64v2(int fd, const struct iovec *pieces, int pieceCount, off64_t at, int flags) {
  WRITE_PIECES(fd, pieces, pieceCount, NEXT(pwritev64v2)(fd, cut, used, at, flags));
}

/* LevelDB writes through streams, whose system calls stay inside the C library: space is taken when the stream is given the bytes. */
size_t fwrite_unlocked(const void *bytes, size_t size, size_t items, FILE *stream) {
  ssize_t granted = takeSpace(fileno(stream), size * items);
  if (granted == (ssize_t)(size * items)) return NEXT(fwrite_unlocked)(bytes, size, items, stream);
  if (granted > 0) NEXT(fwrite_unlocked)(bytes, 1, granted, stream);
  errno = ENOSPC;
  return 0;
}

static int roomFor(int fd, int64_t length) {
  if (control == NULL || control->spaceBytes < 0 || !isOurs(fd)) return 1;
  return control->spaceBytes >= length;
}

static int growsBeyondSpace(int fd, int64_t length) {
  struct stat status;
  return fstat(fd, &status) == 0 && length > status.st_size && !roomFor(fd, length - status.st_size);
}

int fallocate(int fd, int mode, off_t at, off_t length) {
  return roomFor(fd, length) ? NEXT(fallocate)(fd, mode, at, length) : refused(&control->writesRefused, ENOSPC);
}

int fallocate64(int fd, int mode, off64_t at, off64_t length) {
  return roomFor(fd, length) ? NEXT(fallocate64)(fd, mode, at, length) : refused(&control->writesRefused, ENOSPC);
}

int posix_fallocate(int fd, off_t at, off_t length) {
  if (roomFor(fd, length)) return NEXT(posix_fallocate)(fd, at, length);
  count(&control->writesRefused);
  return ENOSPC;
}

int ftruncate(int fd, off_t length) {
  return growsBeyondSpace(fd, length) ? refused(&control->writesRefused, ENOSPC) : NEXT(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length) {
  return growsBeyondSpace(fd, length) ? refused(&control->writesRefused, ENOSPC) : NEXT(ftruncate64)(fd, length);
}

/* ---- read ------------------------------------------------------------------------------------------------ */

static int beforeRead(int fd) {
  if (control == NULL || control->readsFail == 0 || !isOurs(fd)) return 0;
  return refused(&control->readsFailed, EIO);
}

ssize_t read(int fd, void *bytes, size_t length) { return beforeRead(fd) < 0 ? -1 : NEXT(read)(fd, bytes, length); }

ssize_t pread(int fd, void *bytes, size_t length, off_t at) {
  return beforeRead(fd) < 0 ? -1 : NEXT(pread)(fd, bytes, length, at);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
  return beforeRead(fd) < 0 ? -1 : NEXT(pread64)(fd, bytes, length, at);
}

ssize_t readv(int fd, const struct iovec *pieces, int pieceCount) {
  return beforeRead(fd) < 0 ? -1 : NEXT(readv)(fd, pieces, pieceCount);
}

ssize_t preadv(int fd, const struct iovec *pieces, int pieceCount, off_t at) {
  return beforeRead(fd) < 0 ? -1 : NEXT(preadv)(fd, pieces, pieceCount, at);
}

ssize_t preadv64(int fd, const struct iovec *pieces, int pieceCount, off64_t at) {
  return beforeRead(fd) < 0 ? -1 : NEXT(preadv64)(fd, pieces, pieceCount, at);
}

/*
 * Memory maps are reads as well: LevelDB maps its tables, and takes a map that fails for a failed read. The system call is made
 * directly because looking up the next function may itself allocate by mmap.
 */
static void *mapOrFail(void *address, size_t length, int protection, int flags, int fd, off_t at) {
  if (fd >= 0 && beforeRead(fd) < 0) return MAP_FAILED;
  return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, at);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t at) {
  return mapOrFail(address, length, protection, flags, fd, at);
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t at) {
  return mapOrFail(address, length, protection, flags, fd, at);
}

/* Streams read past the functions above: LevelDB recovers its files with them, redis-server loads its log. */
size_t fread_unlocked(void *bytes, size_t size, size_t items, FILE *stream) {
  return beforeRead(fileno(stream)) < 0 ? 0 : NEXT(fread_unlocked)(bytes, size, items, stream);
}

char *fgets(char *line, int size, FILE *stream) {
  return beforeRead(fileno(stream)) < 0 ? NULL : NEXT(fgets)(line, size, stream);
}
