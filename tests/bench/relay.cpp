// The floor of what a proxy can cost: copies bytes between each connection and one of its own to the target,
// and looks at none of them. usage: bench_relay PORT TARGET_PORT
#include <array>

#include "tests/bench/socket.hpp"

namespace {

struct End {
  int fd = -1;
  End* other = nullptr;
  bool closed = false;
};

// False: this pair is over.
bool pump(const End& end) {
  static std::array<char, 65536> chunk;
  const ssize_t got = read(end.fd, chunk.data(), chunk.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return false;
  return bench::write_all(end.other->fd, {chunk.data(), static_cast<std::size_t>(got)});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int listener = bench::listen_on(bench::port_of(argv[1]));
  const std::uint16_t target = bench::port_of(argv[2]);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench::watch(epoll, listener, nullptr);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* end = static_cast<End*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (end == nullptr) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const int upstream = bench::connect_to(target);
        if (upstream < 0) {
          close(fd);
          continue;
        }
        bench::prepare(fd);
        auto* pair = new End[2];
        pair[0] = {fd, &pair[1]};
        pair[1] = {upstream, &pair[0]};
        bench::watch(epoll, fd, &pair[0]);
        bench::watch(epoll, upstream, &pair[1]);
      } else if (!end->closed && !pump(*end)) {
        // The other end may still have an event in this batch: the pair's few bytes are left behind instead
        // of freed.
        end->closed = end->other->closed = true;
        close(end->fd);
        close(end->other->fd);
      }
    }
  }
}
