#include "daemon/net/poller.hpp"

#include <sys/epoll.h>

#include <array>
#include <system_error>
#include <utility>

namespace ringside::net {
namespace {

constexpr std::size_t events_at_once = 256;
constexpr int rounds_at_once = 8;  // then timers and posts have their turn
constexpr int busy_round = 2;      // events: when there were fewer, the next ones are hardly there yet

}  // namespace

boost::asio::execution_context::id Poller::id;

Poller::Poller(boost::asio::execution_context& context)
    : boost::asio::execution_context::service(context),
      epoll_(static_cast<boost::asio::io_context&>(context).get_executor()) {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  epoll_.assign(fd);
}

void Poller::shutdown() {
  boost::system::error_code ignored;
  epoll_.close(ignored);
  removed_.clear();
}

void Poller::add(int socket, Watched& watched) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watched;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0)
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  ++watched_;
  arm();
}

void Poller::remove(std::shared_ptr<void> owner) {
  if (dispatching_) removed_.push_back(std::move(owner));
  if (--watched_ > 0) return;
  boost::system::error_code ignored;
  epoll_.cancel(ignored);  // nothing to wait for: an io_context may run out of work
}

void Poller::release(int socket, std::shared_ptr<void> owner) {
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
  remove(std::move(owner));
}

void Poller::arm() {
  if (watched_ == 0 || std::exchange(armed_, true)) return;
  epoll_.async_wait(Descriptor::wait_read, [this](boost::system::error_code error) {
    armed_ = false;
    if (!error) dispatch();
    if (epoll_.is_open()) arm();
  });
}

// Under load new events have come by the time the last ones are dealt with: asking for them at once saves the
// way through Asio, which is two system calls and a lock.
void Poller::dispatch() {
  int rounds = 0;
  while (run_round() >= busy_round && ++rounds < rounds_at_once) {
  }
}

int Poller::run_round() {
  std::array<epoll_event, events_at_once> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  dispatching_ = true;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
  dispatching_ = false;
  removed_.clear();
  if (after_round_) after_round_();
  return count;
}

}  // namespace ringside::net
