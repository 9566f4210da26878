#include "daemon/run/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <random>

namespace ringside::run {
namespace {

constexpr int tries = 1000;

}  // namespace

bool port_is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;  // as the listeners do: connections of an earlier life that fade away are no obstacle
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return free;
}

std::uint16_t free_port() {
  int first_outgoing = 32'768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first_outgoing;
  const int low = first_outgoing > 12'000 ? 10'000 : 1'100;
  const int high = first_outgoing > 12'000 ? first_outgoing - 1 : 65'535;
  std::random_device device;
  std::uniform_int_distribution<int> any(low, high);
  for (int i = 0; i < tries; ++i) {
    const auto port = static_cast<std::uint16_t>(any(device));
    if (port_is_free(port)) return port;
  }
  return 0;
}

}  // namespace ringside::run
