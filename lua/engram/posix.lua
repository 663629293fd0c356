-- engram.posix: what is called of the C library, declared here alone. Returns its functions. Saying
-- again what a host has declared changes nothing.
local ffi = require "ffi"

ffi.cdef [[
  int fileno(void *file);
  int isatty(int fd);
  ssize_t read(int fd, void *bytes, size_t n);
  int close(int fd);
  int poll(void *polled, unsigned long n, int milliseconds);

  int glob(const char *pattern, int flags, void *on_error, void *found);
  void globfree(void *found);
  int mkdir(const char *path, unsigned mode);
  unsigned umask(unsigned mask);
  int unlink(const char *path);
  char *realpath(const char *path, char *out);
  ssize_t readlink(const char *path, char *out, size_t room);

  int socket(int domain, int type, int protocol);
  int bind(int fd, const void *address, unsigned bytes);
  int listen(int fd, int waiting);
  int connect(int fd, const void *address, unsigned bytes);
  int accept4(int fd, void *address, void *bytes, int flags);
  ssize_t recv(int fd, void *bytes, size_t n, int flags);
  ssize_t send(int fd, const void *bytes, size_t n, int flags);

  int getpid(void);
  char *strerror(int number);
  void free(void *memory);
]]

return ffi.C
