#include "daemon/net/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>

#include "daemon/base/limits.hpp"

namespace ringside::net {

// A peer that vanished without a word is noticed after this at the latest.
constexpr int user_timeout_ms = std::chrono::milliseconds(limits::silent_peer_time).count();

bool nobody_listens(boost::system::error_code error) noexcept {
  namespace errc = boost::system::errc;
  return error == errc::connection_refused || error == errc::connection_reset ||
         error == errc::no_such_file_or_directory;  // a unix socket's file is gone
}

struct Connector::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, Timers& timers, OnDone done)
      : io(context),
        socket(context.get_executor()),
        resolver(context),
        on_done(std::move(done)),
        timer(timers, [this] { finish(make_error_code(Errc::timed_out)); }) {}

  void start(const Address& address, Duration timeout) {
    timer.after(timeout);
    if (address.is_unix()) return dial(boost::asio::local::stream_protocol::endpoint(address.unix_path));
    boost::system::error_code not_literal;
    const auto ip = boost::asio::ip::make_address(address.host, not_literal);
    if (!not_literal) return dial(boost::asio::ip::tcp::endpoint(ip, address.port));
    resolver.async_resolve(
        address.host, std::to_string(address.port),
        [self = shared_from_this()](boost::system::error_code error,
                                    const boost::asio::ip::tcp::resolver::results_type& found) {
          if (!error && found.empty()) error = boost::asio::error::host_not_found;
          if (error) return self->finish(error);
          self->dial(found.begin()->endpoint());
        });
  }

  void dial(const boost::asio::generic::stream_protocol::endpoint& endpoint) {
    if (!on_done) return;
    socket.async_connect(
        endpoint, [self = shared_from_this()](boost::system::error_code error) { self->finish(error); });
  }

  void finish(boost::system::error_code error) {
    timer.cancel();
    const auto done = std::exchange(on_done, nullptr);
    if (!done) return;
    if (error) {
      boost::system::error_code ignored;
      socket.close(ignored);
      return done(error);
    }
    tune(socket);
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
                 sizeof user_timeout_ms);
    socket.non_blocking(true, error);
    done(std::move(socket));
  }

  boost::asio::io_context& io;
  Socket socket;
  boost::asio::ip::tcp::resolver resolver;
  OnDone on_done;
  Timer timer;
};

Connector::Connector(boost::asio::io_context& io, Timers& timers, const Address& address, Duration timeout,
                     OnDone done)
    : state_(std::make_shared<State>(io, timers, std::move(done))) {
  boost::asio::post(io, [state = state_, address, timeout] {
    if (state->on_done) state->start(address, timeout);
  });
}

Connector::~Connector() {
  state_->on_done = nullptr;
  state_->timer.cancel();
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

}  // namespace ringside::net
