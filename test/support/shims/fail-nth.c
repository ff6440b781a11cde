/*
 * Makes calls that write or sync a file fail, for tests: preloaded into a program, it counts the calls of one kind on
 * files below a folder and fails the n-th of them, or every one from the n-th on.
 *
 *   FAIL_PREFIX  absolute path; calls on files whose path begins so are counted
 *   FAIL_KIND    `sync` (fsync, fdatasync) or `write` (write, pwrite, writev, pwritev)
 *   FAIL_NTH     which call fails, from 1; 0 for none, to count them only
 *   FAIL_REPEAT  `once`, or `always` for every call from the n-th on
 *   FAIL_ERRNO   `EIO` or `ENOSPC`
 *   FAIL_COUNT   a file that holds the number of calls so far, in decimal
 *   FAIL_PATH    a file that gets the path on which a call last failed, after `written ` when bytes had been written there
 *                by the same descriptor since its last sync, else after `clean `
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls = 0;

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

#define PATH_SIZE 4096

static int is_below(int fd, char path[PATH_SIZE]) {
  const char *prefix = setting("FAIL_PREFIX");
  char link[64];
  if (prefix[0] == '\0') return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_SIZE - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* By the system call itself, so that keeping count is not counted. */
static void keep(const char *where, const char *text) {
  const char *path = setting(where);
  if (path[0] == '\0') return;
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return;
  syscall(SYS_write, fd, text, strlen(text));
  close(fd);
}

static void keep_count(long count) {
  char text[24];
  snprintf(text, sizeof text, "%ld", count);
  keep("FAIL_COUNT", text);
}

#define DESCRIPTORS 4096

/* Inode that was last written by each descriptor and not synced since; 0 for none. The number may be another file's now. */
static ino_t written[DESCRIPTORS];

static void note_fate(int fd, const char *path) {
  char text[PATH_SIZE + 16];
  struct stat info;
  int is_written = fd < DESCRIPTORS && fstat(fd, &info) == 0 && written[fd] == info.st_ino;
  snprintf(text, sizeof text, "%s %s", is_written ? "written" : "clean", path);
  keep("FAIL_PATH", text);
}

static void note_call(int fd, const char *kind) {
  struct stat info;
  if (fd < 0 || fd >= DESCRIPTORS) return;
  if (strcmp(kind, "sync") == 0) written[fd] = 0;
  else if (fstat(fd, &info) == 0) written[fd] = info.st_ino;
}

/* Whether this call is to fail; `errno` is set then. */
static int fails(int fd, const char *kind) {
  int before = errno;
  char path[PATH_SIZE];
  if (strcmp(setting("FAIL_KIND"), kind) != 0 || !is_below(fd, path)) {
    note_call(fd, kind);
    errno = before;
    return 0;
  }
  pthread_mutex_lock(&lock);
  long call = ++calls;
  keep_count(call);
  pthread_mutex_unlock(&lock);
  long nth = atol(setting("FAIL_NTH"));
  int repeats = strcmp(setting("FAIL_REPEAT"), "always") == 0;
  int is_due = nth > 0 && (call == nth || (repeats && call > nth));
  if (is_due) note_fate(fd, path);
  else note_call(fd, kind);
  errno = is_due ? (strcmp(setting("FAIL_ERRNO"), "ENOSPC") == 0 ? ENOSPC : EIO) : before;
  return is_due;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
  REAL(fsync);
  return fails(fd, "sync") ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return fails(fd, "sync") ? -1 : real(fd);
}

ssize_t write(int fd, const void *bytes, size_t size) {
  REAL(write);
  return fails(fd, "write") ? -1 : real(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  REAL(pwrite);
  return fails(fd, "write") ? -1 : real(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  REAL(pwrite64);
  return fails(fd, "write") ? -1 : real(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  REAL(writev);
  return fails(fd, "write") ? -1 : real(fd, pieces, count);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) {
  REAL(pwritev);
  return fails(fd, "write") ? -1 : real(fd, pieces, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t at) {
  REAL(pwritev64);
  return fails(fd, "write") ? -1 : real(fd, pieces, count, at);
}
