// See app_probe.hpp.
#include "daemon/control/app_probe.hpp"

#include <utility>
#include <variant>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"

namespace ringside::control {

AppProbe::AppProbe(boost::asio::io_context& io, net::Timers& timers, const Address& app, std::string path,
                   Duration timeout, OnDone on_done)
    : path_(std::move(path)), timeout_(timeout), on_done_(std::move(on_done)), timer_(timers, [this] {
        finish({false, false, "no answer within " + print_duration(std::chrono::floor<Millis>(timeout_))});
      }) {
  timer_.after(timeout);
  connector_.emplace(io, timers, app, timeout,
                     [this](Result<net::Socket> socket) { on_connected(std::move(socket)); });
}

AppProbe::~AppProbe() = default;

void AppProbe::on_connected(Result<net::Socket> socket) {
  if (!socket) return finish({false, net::nobody_listens(socket.error()), socket.error().message()});
  if (path_.empty()) return finish({true, false, ""});
  stream_.emplace(std::move(*socket), *this, limits::head_bytes);
  stream_->out() = "GET " + path_ +
                   " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ringside/" RINGSIDE_VERSION
                   "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  stream_->flush();
  stream_->read();
}

void AppProbe::on_bytes() {
  for (;;) {
    const auto step = parser_.next(stream_->buffered(), false);
    if (std::holds_alternative<http1::NeedMore>(step)) return;
    if (const auto* refusal = std::get_if<http1::Refusal>(&step))
      return finish({false, false, "malformed answer: " + std::string(refusal->reason)});
    const auto& head = std::get<http1::Complete<http::ResponseHead>>(step);
    const int status = head.head->status;
    if (status >= 100 && status < 200 && status != 101) {
      stream_->consume(head.length);
      continue;
    }
    const bool passed = status >= 200 && status < 400;
    return finish({passed, false, passed ? "" : "GET " + path_ + " was answered " + std::to_string(status)});
  }
}

void AppProbe::on_eof() {
  finish({false, false, "the connection was closed without an answer"});
}

void AppProbe::on_broken(boost::system::error_code error) {
  finish({false, false, error.message()});
}

void AppProbe::finish(Probed probed) {
  timer_.cancel();
  stream_.reset();
  if (const auto done = std::exchange(on_done_, nullptr)) done(std::move(probed));
}

}  // namespace ringside::control
