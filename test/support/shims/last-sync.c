/*
 * Remembers what of a folder would be left after a power cut, for tests: preloaded into a program, it keeps the bytes of
 * each file as they were at its last successful fsync or fdatasync, and the entries of each directory as they were at
 * its last fsync. A file that was created or renamed is there only once its directory was synced; its bytes are there
 * only once it was synced itself. What is there when the program begins is taken for durable.
 *
 *   SYNC_PREFIX  absolute path of the folder
 *   SYNC_SHADOW  a folder elsewhere: `f-KEY` are a file's bytes, `d-KEY` a directory's entries, one `TYPE KEY NAME` a line;
 *                KEY is inode and birth, because inodes are given again; `root` holds that of the folder
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

static void fail(const char *what) {
  dprintf(2, "last-sync: %s: %s\n", what, strerror(errno));
  abort();
}

/* 0 when there is no such thing any more. */
static int key_of(int dir, const char *name, char *key, size_t size, struct statx *found) {
  int flags = AT_SYMLINK_NOFOLLOW | (name[0] == '\0' ? AT_EMPTY_PATH : 0);
  if (statx(dir, name, flags, STATX_BASIC_STATS | STATX_BTIME, found) != 0) return 0;
  snprintf(key, size, "%llu-%lld-%u", (unsigned long long)found->stx_ino, (long long)found->stx_btime.tv_sec,
           found->stx_btime.tv_nsec);
  return 1;
}

static int open_shadow(const char *kind, const char *key, char *path, size_t size) {
  snprintf(path, size, "%s/%s-%s.new", setting("SYNC_SHADOW"), kind, key);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail(path);
  return fd;
}

/* Whole or not at all: the program may be killed in the middle of this. */
static void close_shadow(int fd, const char *path) {
  char final[4096];
  snprintf(final, sizeof final, "%.*s", (int)(strlen(path) - strlen(".new")), path);
  close(fd);
  if (rename(path, final) != 0) fail(final);
}

static void keep_file(int fd, const char *key, off_t length) {
  char path[4096];
  char bytes[65536];
  int shadow = open_shadow("f", key, path, sizeof path);
  for (off_t at = 0; at < length;) {
    size_t wanted = length - at < (off_t)sizeof bytes ? (size_t)(length - at) : sizeof bytes;
    ssize_t got = pread(fd, bytes, wanted, at);
    if (got <= 0) break;
    if (write(shadow, bytes, got) != got) fail(path);
    at += got;
  }
  close_shadow(shadow, path);
}

static void keep_directory(const char *folder, const char *key) {
  char path[4096];
  DIR *dir = opendir(folder);
  if (dir == NULL) return;
  int shadow = open_shadow("d", key, path, sizeof path);
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    char of_entry[96];
    struct statx found;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (!key_of(dirfd(dir), entry->d_name, of_entry, sizeof of_entry, &found)) continue;
    const char type = S_ISDIR(found.stx_mode) ? 'd' : S_ISREG(found.stx_mode) ? 'f' : '?';
    dprintf(shadow, "%c %s %s\n", type, of_entry, entry->d_name);
  }
  closedir(dir);
  close_shadow(shadow, path);
}

static int path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return 1;
}

static int is_below(const char *path) {
  const char *prefix = setting("SYNC_PREFIX");
  return prefix[0] != '\0' && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int keep_at_begin(const char *path, const struct stat *info, int type, struct FTW *where) {
  char key[96];
  struct statx found;
  (void)info;
  if (!key_of(AT_FDCWD, path, key, sizeof key, &found)) return 0;
  if (type == FTW_D) keep_directory(path, key);
  if (type == FTW_F && S_ISREG(found.stx_mode)) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    keep_file(fd, key, found.stx_size);
    close(fd);
  }
  if (where->level > 0) return 0;
  char root[4096];
  snprintf(root, sizeof root, "%s/root", setting("SYNC_SHADOW"));
  int fd = open(root, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail(root);
  dprintf(fd, "%s", key);
  close(fd);
  return 0;
}

/* Once: a program that this one starts finds it done. */
__attribute__((constructor)) static void begin(void) {
  char root[4096];
  snprintf(root, sizeof root, "%s/root", setting("SYNC_SHADOW"));
  if (setting("SYNC_PREFIX")[0] == '\0' || access(root, F_OK) == 0) return;
  nftw(setting("SYNC_PREFIX"), keep_at_begin, 16, FTW_PHYS);
}

/* `real` has to have succeeded; `length` is how long the file was before it was called. */
static void keep(int fd, off_t length) {
  int before = errno;
  char path[4096];
  char key[96];
  struct statx found;
  if (path_of(fd, path, sizeof path) && is_below(path) && key_of(fd, "", key, sizeof key, &found)) {
    pthread_mutex_lock(&lock);
    if (S_ISDIR(found.stx_mode)) keep_directory(path, key);
    if (S_ISREG(found.stx_mode)) keep_file(fd, key, length);
    pthread_mutex_unlock(&lock);
  }
  errno = before;
}

static off_t length_of(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 ? info.st_size : 0;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
  REAL(fsync);
  off_t length = length_of(fd);
  int result = real(fd);
  if (result == 0) keep(fd, length);
  return result;
}

int fdatasync(int fd) {
  REAL(fdatasync);
  off_t length = length_of(fd);
  int result = real(fd);
  if (result == 0) keep(fd, length);
  return result;
}
