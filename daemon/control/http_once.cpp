#include "daemon/control/http_once.hpp"

#include <utility>
#include <variant>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"

namespace ringside::control {

HttpOnce::HttpOnce(boost::asio::io_context& io, net::Timers& timers, const Address& at, std::string request,
                   Duration timeout, OnDone on_done, security::TlsSessionPtr tls)
    : request_(std::move(request)),
      tls_(std::move(tls)),
      on_done_(std::move(on_done)),
      timer_(timers, [this, timeout] {
        finish({0, "no answer within " + print_duration(std::chrono::floor<Millis>(timeout))});
      }) {
  timer_.after(timeout);
  connector_.emplace(io, timers, at, timeout,
                     [this](Result<net::Socket> socket) { on_connected(std::move(socket)); });
}

HttpOnce::~HttpOnce() = default;

void HttpOnce::on_connected(Result<net::Socket> socket) {
  if (!socket) return finish({0, socket.error().message(), net::nobody_listens(socket.error())});
  if (request_.empty()) return finish({});
  stream_.emplace(std::move(*socket), *this, limits::head_bytes, std::move(tls_));
  stream_->out() = std::move(request_);
  stream_->flush();
  stream_->read();
}

void HttpOnce::on_bytes() {
  for (;;) {
    const auto step = parser_.next(stream_->buffered(), false);
    if (std::holds_alternative<http1::NeedMore>(step)) return;
    if (const auto* refusal = std::get_if<http1::Refusal>(&step))
      return finish({0, "malformed answer: " + std::string(refusal->reason)});
    const auto& head = std::get<http1::Complete<http::ResponseHead>>(step);
    const int status = head.head->status;
    if (status >= 200 || status == 101) return finish({status, ""});
    stream_->consume(head.length);
  }
}

void HttpOnce::on_eof() {
  finish({0, "the connection was closed without an answer"});
}

void HttpOnce::on_broken(boost::system::error_code error) {
  const bool refused = error.category() == security::tls_category();
  finish({0, refused && stream_->tls() != nullptr ? stream_->tls()->why() : error.message()});
}

void HttpOnce::finish(Answer answer) {
  timer_.cancel();
  stream_.reset();
  if (const auto done = std::exchange(on_done_, nullptr)) done(std::move(answer));
}

}  // namespace ringside::control
