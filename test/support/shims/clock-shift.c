/*
 * Shifts the wall clock of a program, for tests: preloaded into it, it adds a number of milliseconds to CLOCK_REALTIME.
 * The number stands in a file and is read again whenever the clock is, so the clock can jump in the middle of a run.
 * The monotonic clock is left alone, as a real jump leaves it.
 *
 *   CLOCK_SHIFT_FILE  a file with milliseconds in decimal, which may be negative; no file: no shift
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000LL

static long long shift_ns(void) {
  const char *path = getenv("CLOCK_SHIFT_FILE");
  if (path == NULL) return 0;
  int before = errno;
  char text[32] = {0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    if (read(fd, text, sizeof text - 1) < 0) text[0] = '\0';
    close(fd);
  }
  errno = before;
  return atoll(text) * 1000000LL;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *) = NULL;
  if (real == NULL) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  long long at = now->tv_sec * NANOSECONDS + now->tv_nsec + shift_ns();
  now->tv_sec = at / NANOSECONDS;
  now->tv_nsec = at % NANOSECONDS;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec at;
  if (clock_gettime(CLOCK_REALTIME, &at) != 0) return -1;
  now->tv_sec = at.tv_sec;
  now->tv_usec = at.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  if (result != NULL) *result = at.tv_sec;
  return at.tv_sec;
}
