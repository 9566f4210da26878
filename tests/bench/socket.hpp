// The few system calls that the three benchmark programs share. Failures at start end the program with a
// message: nobody but the benchmark script runs these.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline std::uint16_t port_of(const char* text) {
  const int port = std::atoi(text);
  if (port <= 0 || port > 65535) die("not a port");
  return static_cast<std::uint16_t>(port);
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline int open_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  return fd;
}

// No Nagle, and from now on no call waits.
inline void prepare(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) die("fcntl");
}

inline int listen_on(std::uint16_t port) {
  const int fd = open_socket();
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(fd, 1024) != 0) die("listen");
  prepare(fd);
  return fd;
}

inline int listen_on(const char* unix_path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (fd < 0 || std::strlen(unix_path) >= sizeof address.sun_path) die("socket");
  std::strcpy(address.sun_path, unix_path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(fd, 1024) != 0) die("listen");
  prepare(fd);
  return fd;
}

// Waits for the connection; -1 when it is refused.
inline int connect_to(std::uint16_t port) {
  const int fd = open_socket();
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  prepare(fd);
  return fd;
}

inline void watch(int epoll, int fd, void* owner) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = owner;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

// Loopback answers of a closed loop are far smaller than a socket's buffer, so a short write is an error
// here.
inline bool write_all(int fd, std::string_view data) {
  return write(fd, data.data(), data.size()) == static_cast<ssize_t>(data.size());
}

}  // namespace bench
