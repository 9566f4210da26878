// Tells the streams of one thread that their sockets have become readable or writable.
//
// One epoll descriptor holds them all, edge-triggered, and is itself the only one that Asio watches for them.
// So a socket is registered once in its life, a read that takes what there is is not followed by another one
// that finds nothing, and a turn of the loop costs a fixed number of system calls however many sockets are
// ready. One for each io_context, made when the first stream asks for it.
#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace ringside::net {

class Watched {
 public:
  // `events` as epoll gives them. Told again only after something new has happened.
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

class Poller final : public boost::asio::execution_context::service {
 public:
  using key_type = Poller;
  static boost::asio::execution_context::id id;
  explicit Poller(boost::asio::execution_context&);
  static Poller& of(boost::asio::io_context& io) { return boost::asio::use_service<Poller>(io); }

  void add(int socket, Watched&);
  // `owner` keeps the Watched alive until nothing that was reported for it can still be under way. The socket
  // is to be closed by then.
  void remove(std::shared_ptr<void> owner);
  // The same for a socket that stays open, for another owner.
  void release(int socket, std::shared_ptr<void> owner);

  // Called when all streams that were ready together have had their turn, before the loop waits again. One at
  // a time.
  void after_each_round(std::function<void()> call) { after_round_ = std::move(call); }
  [[nodiscard]] bool in_round() const { return dispatching_; }

 private:
  void shutdown() override;
  void arm();
  void dispatch();
  int run_round();  // how many events there were

  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  Descriptor epoll_;
  std::size_t watched_ = 0;
  bool armed_ = false;
  bool dispatching_ = false;
  std::vector<std::shared_ptr<void>> removed_;
  std::function<void()> after_round_;
};

}  // namespace ringside::net
