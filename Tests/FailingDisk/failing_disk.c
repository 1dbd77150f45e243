// A disk that fails when it is told to, standing before the calls that write a spool's data.mdb. Linked into a program, it
// is told by the functions of failing_disk.h. Preloaded into one (cc -shared -fPIC -I include -o failing_disk.so
// failing_disk.c -ldl), it reads its orders from the file that FAILING_DISK names, 64 bytes that both sides map:
//
//   0  which calls fail, and how (failing_disk.h); 0 for a disk that is well
//   4  errno
//   8  of a million calls, how many fail
//  12  calls that failed so far
//  16  the size that the file may not grow over, for ENOSPC as of a full disk; 0 for none
#define _GNU_SOURCE
#include "failing_disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = FAILING_DISK_WRITE, SYNC = FAILING_DISK_SYNC, DONE = FAILING_DISK_DONE, SHORT = FAILING_DISK_SHORT };

struct orders {
  volatile uint32_t which;
  volatile int32_t error;
  volatile uint32_t per_million;
  volatile uint32_t failed;
  volatile uint64_t size_max;
  // From within the process only.
  volatile uint64_t calls;
  volatile uint64_t dies_at;
};

static struct orders own, *orders;
static char watched[4096];
static _Thread_local uint64_t state;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAILING_DISK");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *map = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (map != MAP_FAILED) orders = map;
}

void failing_disk_watch(const char *folder) {
  failing_disk_heal();
  own.calls = 0;
  snprintf(watched, sizeof watched, "%s/", folder);
  orders = &own;
}

void failing_disk_fail(uint32_t which, int32_t error, uint32_t per_million) {
  own.error = error;
  own.per_million = per_million;
  own.which = which;
}

void failing_disk_die_after(uint64_t calls) { own.dies_at = own.calls + calls + 1; }

void failing_disk_heal(void) {
  own.which = 0;
  own.dies_at = 0;
}

uint64_t failing_disk_calls(void) { return own.calls; }

static int is_data(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t count = readlink(link, path, sizeof path);
  return count >= 9 && memcmp(path + count - 9, "/data.mdb", 9) == 0
         && strncmp(path, watched, strlen(watched)) == 0;
}

// What a call is to do: 0 its work; DEAD nothing, and at the moment of death half.
enum { DEAD = 1u << 30, DYING = 1u << 31 };

static uint32_t fails(int file, uint32_t kind) {
  if (!orders || (!orders->which && orders != &own) || !is_data(file)) return 0;
  if (orders == &own) {
    uint64_t call = __atomic_add_fetch(&own.calls, 1, __ATOMIC_RELAXED);
    if (own.dies_at && call >= own.dies_at) return call == own.dies_at ? DYING : DEAD;
  }
  uint32_t which = orders->which;
  if (!(which & kind)) return 0;
  if (!state) state = ((uint64_t)(uintptr_t)&state ^ (uint64_t)getpid() << 32) | 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  if ((state >> 33) % 1000000 >= orders->per_million) return 0;
  __atomic_add_fetch(&orders->failed, 1, __ATOMIC_RELAXED);
  return which;
}

// Whether a full disk has no room for this; a file's own blocks may be written again.
static int is_over(int file, off_t offset, size_t count) {
  if (!orders || !orders->size_max || (uint64_t)offset + count <= orders->size_max || !is_data(file)) return 0;
  if (lseek(file, 0, SEEK_END) >= offset + (off_t)count) return 0;
  __atomic_add_fetch(&orders->failed, 1, __ATOMIC_RELAXED);
  errno = ENOSPC;
  return 1;
}

// Disks write a sector whole or not at all, and LMDB relies on that for its meta page: shorter writes have no half.
#define SECTOR 512

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// Does `whole`, `half` or neither, and returns what a caller is told.
#define ACT(which, whole, half)                   \
  do {                                            \
    if (!(which)) return whole;                   \
    if ((which) & (DEAD | DYING)) {               \
      if ((which) & DYING) (void)!(half);         \
      errno = EIO;                                \
      return -1;                                  \
    }                                             \
    if ((which) & SHORT) return half;             \
    if ((which) & DONE) (void)!(whole);           \
    errno = orders->error;                        \
    return -1;                                    \
  } while (0)

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  __typeof__(&pwrite) real = REAL(pwrite);
  if (is_over(file, offset, count)) return -1;
  uint32_t which = fails(file, WRITE);
  ACT(which, real(file, bytes, count, offset), count > SECTOR ? real(file, bytes, count / 2, offset) : 0);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) { return pwrite(file, bytes, count, offset); }

static size_t total(const struct iovec *parts, int count) {
  size_t sum = 0;
  for (int part = 0; part < count; part++) sum += parts[part].iov_len;
  return sum;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  __typeof__(&writev) real = REAL(writev);
  if (orders && orders->size_max && is_over(file, lseek(file, 0, SEEK_CUR), total(parts, count))) return -1;
  uint32_t which = fails(file, WRITE);
  ACT(which, real(file, parts, count), real(file, parts, (count + 1) / 2));
}

ssize_t write(int file, const void *bytes, size_t count) {
  __typeof__(&write) real = REAL(write);
  uint32_t which = fails(file, WRITE);
  ACT(which, real(file, bytes, count), count > SECTOR ? real(file, bytes, count / 2) : 0);
}

int fdatasync(int file) {
  __typeof__(&fdatasync) real = REAL(fdatasync);
  uint32_t which = fails(file, SYNC) & ~(uint32_t)SHORT;
  ACT(which, real(file), 0);
}

int fsync(int file) {
  __typeof__(&fsync) real = REAL(fsync);
  uint32_t which = fails(file, SYNC) & ~(uint32_t)SHORT;
  ACT(which, real(file), 0);
}
