/* Preloaded, makes each fsync take so many microseconds longer, as on a slow disk. A tracer could too, but stops every thread at every call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int fsync(int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  const char *longer = getenv("SLOW_SYNC_US");
  int result = real(file);
  if (longer) usleep((useconds_t)atoi(longer));
  return result;
}
