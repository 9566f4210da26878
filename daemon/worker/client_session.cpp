#include "daemon/worker/client_session.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"
#include "proto/http2/preface.hpp"
#include "proto/proxy_protocol/header.hpp"

namespace ringside::worker {
namespace {

constexpr std::size_t buffer_max = limits::head_bytes + limits::read_ahead_bytes;
constexpr auto quiet_between_complaints = std::chrono::seconds(1);
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

ClientSession::ClientSession(Context& context, net::Socket socket, Client client, OnClosed on_closed,
                             OnHttp2 on_http2)
    : context_(context),
      client_(std::move(client)),
      on_closed_(std::move(on_closed)),
      on_http2_(std::move(on_http2)),
      stream_(std::move(socket), *this, buffer_max),
      timer_(context.timers, [this] { out_of_time(); }),
      parser_(http_limits),
      call_(context, *this) {
  context_.metrics.connections_accepted.add();
  context_.metrics.connections_open.add(1);
  timer_.after(context_.client_limits.head_time);  // an open connection that never says anything is not kept
  stream_.read();
}

ClientSession::~ClientSession() {
  context_.metrics.connections_open.add(-1);
}

// --- what the client says

void ClientSession::on_bytes() {
  if (state_ == State::closed) return;
  if (state_ == State::lingering) {
    discarded_ += stream_.buffered().size();
    stream_.consume(stream_.buffered().size());
    if (discarded_ > limits::linger_bytes) close();
    return;
  }
  process();
}

void ClientSession::process() {
  for (;;) {
    switch (state_) {
      case State::greeting:
        if (!greet()) return;
        break;
      case State::head:
        if (!read_head()) return;
        break;
      case State::call: return read_call_body();
      case State::api_body:
        if (!read_api_body()) return;
        break;
      case State::watch:
      case State::ordered:
      case State::answered:
      case State::lingering:
      case State::closed: return;
    }
  }
}

// True: what is buffered is HTTP.
bool ClientSession::greet() {
  if (client_.announced && !be_introduced()) return false;
  if (client_.secured) return begin_tls();
  state_ = State::head;
  return true;
}

// The load balancer says who the client is.
bool ClientSession::be_introduced() {
  const auto step = proxy_protocol::read_header(stream_.buffered());
  if (std::holds_alternative<proxy_protocol::NeedMore>(step)) return false;
  if (const auto* refusal = std::get_if<proxy_protocol::Refusal>(&step)) {
    context_.metrics.proxy_headers_refused.add();
    if (Clock::now() - context_.proxy_complained >= quiet_between_complaints) {  // counted all the same
      context_.proxy_complained = Clock::now();
      obs::log(obs::Level::warn, "proxy_header_refused",
               {{"from", client_.address},
                {"cause", refusal->reason},
                {"remedy",
                 "correct what it sends, take it out of ingress.trusted, or set "
                 "ingress.proxy_protocol: false"}});
    }
    close();
    return false;
  }
  using From = proxy_protocol::Header::From;
  const auto& header = std::get<proxy_protocol::Header>(step);
  stream_.consume(header.length);
  const bool secured = client_.secured;
  // Who is not named is nobody that we trust: what it says of itself is not what the load balancer says.
  if (header.from != From::balancer)
    client_ = client_of_ingress(context_.config, header.from == From::client ? header.source : "unknown");
  client_.secured = secured;
  client_.announced = false;
  return true;
}

// What comes is no HTTP yet. Who speaks no TLS here is told so in the language that it has begun with.
bool ClientSession::begin_tls() {
  if (stream_.buffered().empty()) return false;
  state_ = State::head;
  if (!stream_.buffered().starts_with(security::handshake_record)) {
    refuse_unread({.code = api::Code::bad_request, .detail = "this listener speaks TLS; use https://"});
    return false;
  }
  if (!context_.client_tls) {
    close();
    return false;
  }
  stream_.secure(context_.client_tls->accept());
  return false;
}

// True: a request has begun.
bool ClientSession::read_head() {
  const auto bytes = stream_.buffered();
  if (bytes.empty() || !is_http1()) return false;
  auto step = parser_.next(bytes);
  if (std::holds_alternative<http1::NeedMore>(step)) {
    if (!head_timed_) timer_.after(context_.client_limits.head_time);  // for the whole head, however it drips
    head_timed_ = true;
    return false;
  }
  if (const auto* refusal = std::get_if<http1::Refusal>(&step)) {
    keep_alive_ = http10_ = false;
    head_request_ =
        bytes.substr(std::min(bytes.find_first_not_of("\r\n"), bytes.size())).starts_with("HEAD ");
    api::Problem problem{
        .code = refusal->status == 405 ? api::Code::method_not_allowed : api::Code::bad_request,
        .detail = std::string(refusal->reason),
        .status = refusal->status};
    refuse_unread(problem);
    return false;
  }
  const auto& complete = std::get<http1::Complete<http::RequestHead>>(step);
  timer_.cancel();
  head_timed_ = false;
  context_.metrics.bytes_in.add(complete.length);
  stream_.consume(complete.length);  // moves nothing: the head's views stay good while the request begins
  begin(*complete.head);
  return true;
}

// The first bytes of the connection decide; until they have, they are held.
bool ClientSession::is_http1() {
  if (!on_http2_) return true;
  switch (http2::tell_preface(stream_.buffered())) {
    case http2::Preface::no: on_http2_ = nullptr; return true;
    case http2::Preface::undecided: return false;
    case http2::Preface::yes: break;
  }
  std::exchange(on_http2_, nullptr)(std::move(stream_), std::move(client_));
  close();
  return false;
}

void ClientSession::begin(const http::RequestHead& head) {
  asked_ = true;
  record_ = context_.access_log.begin(head, client_, context_.rng);
  // Who leaves lets its clients go one by one, while it is still there for those who come back at once.
  keep_alive_ = head.keep_alive && !head.http10 && !context_.draining && !context_.view->drain.leaving;
  http10_ = head.http10;
  head_request_ = head.method == "HEAD";
  expects_continue_ = head.expect_continue;
  reply_started_ = false;
  pace_.bytes = 0;
  body_left_ = head.framing.kind == http::BodyKind::chunked ||
               (head.framing.kind == http::BodyKind::length && head.framing.length > 0);
  body_ = http1::BodyReader(head.framing, http_limits);
  if (head.framing.kind == http::BodyKind::length && head.framing.length > body_max())
    return refuse({.code = api::Code::body_too_large,
                   .detail = "the body has " + std::to_string(head.framing.length) + " bytes, the limit is " +
                             std::to_string(body_max())});
  if (ends_here(head)) return write({.status = 200, .content_type = {}, .body = {}, .headers = {}});
  Route& wanted = context_.route;
  route_of(head, client_, context_.config, context_.routes, wanted);
  switch (wanted.kind) {
    case Route::Kind::refused: return refuse(wanted.problem);
    case Route::Kind::api: return begin_api(head);
    case Route::Kind::key:
    case Route::Kind::any:
    case Route::Kind::node:
    case Route::Kind::local:
      state_ = State::call;
      if (body_left_) {
        pace_.begun = Clock::now();
        timer_.after(context_.client_limits.body_grace);
      }
      return call_.start_from_client(head, wanted, client_, !body_left_);
  }
}

std::uint64_t ClientSession::body_max() const {
  return static_cast<std::uint64_t>(context_.config.forward.body_max);
}

void ClientSession::read_call_body() {
  while (state_ == State::call && body_left_) {
    const std::size_t room = call_.body_room();
    if (room == 0) return stream_.pause();
    auto step = body_.next(stream_.buffered().substr(0, room));
    if (const auto* refusal = std::get_if<http1::Refusal>(&step))
      return spoilt({.code = api::Code::bad_request,
                     .detail = std::string(refusal->reason),
                     .status = refusal->status});
    const auto piece = std::get<http1::BodyReader::Piece>(step);
    pace_.bytes += piece.data.size();
    if (record_) record_->request_body(piece.data.size());
    if (!upgraded_ && (pace_.bytes > body_max() || body_.announced() > body_max() - pace_.bytes))
      return spoilt({.code = api::Code::body_too_large,
                     .detail = "the body is over the limit of " + std::to_string(body_max()) + " bytes"});
    if (!piece.data.empty()) expects_continue_ = false;
    context_.metrics.bytes_in.add(piece.consumed);
    call_.body(piece.data);
    stream_.consume(piece.consumed);
    if (piece.finished) {
      body_left_ = false;
      timer_.cancel();
      call_.body_end(body_.trailers());
    } else if (piece.consumed == 0) {
      break;
    }
  }
  if (upgraded_ && body_left_ && stream_.half_closed() && stream_.buffered().empty()) {
    body_left_ = false;
    call_.body_end({});
  }
  stream_.read();
}

// The request's body turned out bad while the call was under way: the app must not take it for whole.
void ClientSession::spoilt(const api::Problem& problem) {
  call_.cancel();
  if (!reply_started_) return refuse(problem);
  stream_.abort();
  close();
}

// --- requests for the API

void ClientSession::begin_api(const http::RequestHead& head) {
  if (!api_.begin(head)) return refuse(api_body_too_large());
  state_ = State::api_body;
  timer_.after(context_.client_limits.head_time);
  if (std::exchange(expects_continue_, false)) {
    stream_.out() += continue_line;
    context_.turn.flush(*this);
  }
}

bool ClientSession::read_api_body() {
  while (body_left_) {
    auto step = body_.next(stream_.buffered());
    if (const auto* refusal = std::get_if<http1::Refusal>(&step)) {
      refuse({.code = api::Code::bad_request,
              .detail = std::string(refusal->reason),
              .status = refusal->status});
      return false;
    }
    const auto piece = std::get<http1::BodyReader::Piece>(step);
    if (record_) record_->request_body(piece.data.size());
    const bool fits = api_.add(piece.data);
    stream_.consume(piece.consumed);
    if (!fits) {
      refuse(api_body_too_large());
      return false;
    }
    body_left_ = !piece.finished;
    if (body_left_ && piece.consumed == 0) return false;
  }
  answer_api();
  return false;
}

void ClientSession::answer_api() {
  api::Response response = api_.answer(context_, {});
  if (response.order) {
    state_ = State::ordered;
    timer_.cancel();
    return order_.start(context_, *response.order, [this](const api::Response& answer) { write(answer); });
  }
  if (response.later == api::Later::no || (head_request_ && has_no_end(response.later)))
    return write(response);
  state_ = State::watch;
  timer_.cancel();
  watch_ = std::make_unique<Watch>(context_, *this, std::move(api_), std::move(response), head_request_);
  if (state_ == State::watch) stream_.read();  // for the client's farewell
}

// The head was no request, or never came whole: the access log gets a line without one.
void ClientSession::refuse_unread(const api::Problem& problem) {
  record_ = context_.access_log.begin({}, client_, context_.rng);
  refuse(problem);
}

void ClientSession::refuse(const api::Problem& problem) {
  context_.metrics.bad_requests.add();
  keep_alive_ = false;
  api::Response response = api::render(problem);
  if (problem.code == api::Code::method_not_allowed)  // those that we know of: others are served, too
    response.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  write(response);
}

// A whole answer of our own.
void ClientSession::write(const api::Response& response) {
  send_whole(*this, response, head_request_);
}

// --- what the client gets

void ClientSession::send_continue() {
  if (!std::exchange(expects_continue_, false)) return;
  stream_.out() += continue_line;
  context_.turn.flush(*this);
}

// From here on the connection is a tunnel: its bytes are the body of a request and of a reply that end with
// it.
void ClientSession::send_switch(const http::ResponseHead& reply) {
  if (record_) record_->reply(reply);
  upgraded_ = reply_started_ = body_left_ = true;
  keep_alive_ = chunked_reply_ = false;
  body_ = http1::BodyReader({http::BodyKind::until_close, 0});
  http1::write(stream_.out(), reply);
  context_.turn.flush(*this);
}

void ClientSession::send_reply(const http::ResponseHead& reply, bool end) {
  if (reply.status == 101) return send_switch(reply);
  http::ResponseHead& head = context_.scratch_reply;
  head = reply;
  context_.date.add_to(head);
  reply_started_ = true;
  if (record_) record_->reply(head);
  const bool measured = head.framing.kind == http::BodyKind::length;
  chunked_reply_ = !end && !measured && !http10_;
  if (!measured && (chunked_reply_ || head.framing.kind != http::BodyKind::none))
    head.framing.kind = http::BodyKind::chunked;
  keep_alive_ = keep_alive_ && !body_left_;  // nobody waits for the rest of a request that has been answered
  head.keep_alive = keep_alive_;
  http1::write(stream_.out(), head, http10_);
  context_.turn.flush(*this);
  if (end) reply_finished();
}

void ClientSession::send_reply_body(std::string_view data) {
  if (chunked_reply_) {
    http1::write_chunk(stream_.out(), data);
  } else if (data.size() >= limits::long_piece_bytes) {
    stream_.send_through(data);
  } else {
    stream_.out().append(data);
  }
  context_.metrics.bytes_out.add(data.size());
  if (record_) record_->reply_body(data.size());
  context_.turn.flush(*this);
}

void ClientSession::send_reply_end(const http::Trailers& trailers) {
  if (upgraded_ && call_.active()) return stream_.end_output();  // the client may still have something to say
  if (chunked_reply_) http1::write_last_chunk(stream_.out(), trailers);
  context_.turn.flush(*this);
  reply_finished();
}

void ClientSession::abort_reply() {
  stream_.abort();
  close();
}

std::size_t ClientSession::reply_backlog() const {
  return stream_.backlog();
}

void ClientSession::more_body() {
  if (state_ == State::call && body_left_) read_call_body();
}

// The next request is begun from flush(), never from here: the caller may be in the middle of ending the
// call.
void ClientSession::reply_finished() {
  timer_.cancel();
  context_.access_log.end(record_, AccessRecord::End::whole);
  if (!keep_alive_ || body_left_) return linger();
  state_ = State::answered;
  context_.turn.flush(*this);
}

// Nothing more will be said. What has been said is still to be written, and the client to be given time to
// read it: closing with its bytes unread would make the kernel throw our last words away.
void ClientSession::linger() {
  state_ = State::lingering;
  discarded_ = 0;
  stream_.consume(stream_.buffered().size());
  stream_.read();
  context_.turn.flush(*this);
}

void ClientSession::flush() {
  if (state_ == State::closed) return;
  if (state_ == State::lingering) {
    stream_.end_output();
    if (state_ == State::lingering)
      timer_.after(stream_.backlog() > 0 ? context_.client_limits.idle_time : Duration(limits::linger_time));
    return;
  }
  stream_.flush();
  if (state_ == State::call && stream_.backlog() == 0) return call_.reply_drained();
  if (state_ == State::watch && stream_.backlog() == 0) return watch_->drained();
  if (state_ == State::answered) next_request();
}

void ClientSession::next_request() {
  // A client that asks without reading gets no further: its answers would pile up here.
  timer_.after(context_.client_limits.idle_time);
  if (stream_.backlog() > limits::stream_window_bytes) return;
  state_ = State::head;
  watch_.reset();
  if (context_.draining && stream_.buffered().empty()) return end();
  process();
  if (state_ == State::head && stream_.half_closed()) return end();
  if (state_ != State::closed) stream_.read();
}

void ClientSession::on_drained() {
  switch (state_) {
    case State::call: return call_.reply_drained();
    case State::watch: return watch_->drained();
    case State::answered: return context_.turn.flush(*this);
    case State::lingering: return timer_.after(limits::linger_time);
    case State::greeting:
    case State::head:
    case State::api_body:
    case State::ordered:
    case State::closed: return;
  }
}

// --- the end of it

// Closes, but not on top of an answer that is still being written.
void ClientSession::end() {
  if (stream_.backlog() > 0) return linger();
  close();
}

// Who has just connected is about to ask.
void ClientSession::drain() {
  if (!idle()) return;
  if (asked_) return end();
  timer_.after(limits::linger_time);
}

void ClientSession::cut(bool all) {
  if (state_ == State::call) call_.cut(all);
}

void ClientSession::on_eof() {
  switch (state_) {
    case State::call:
      if (upgraded_) return read_call_body();
      if (body_left_) close();  // the request will never be whole
      return;                   // else the answer, and those to what is buffered behind it, can still be read
    case State::ordered:
    case State::answered: return;
    case State::greeting:
    case State::head: return end();
    case State::lingering:
      if (stream_.backlog() == 0) close();
      return;
    case State::api_body:
    case State::watch: return close();  // who waits for news and hangs up does not want them
    case State::closed: return;
  }
}

void ClientSession::on_broken(boost::system::error_code error) {
  const auto* tls = stream_.tls();
  note_bad_handshake(tls != nullptr && tls->error() == error ? tls->why() : error.message());
  close();
}

void ClientSession::note_bad_handshake(std::string_view cause) {
  if (stream_.tls() == nullptr || secured_) return;
  context_.metrics.client_tls_refused.add();
  if (Clock::now() - context_.tls_complained < quiet_between_complaints) return;  // counted all the same
  context_.tls_complained = Clock::now();
  obs::log(obs::Level::info, "client_tls_refused", {{"from", client_.address}, {"cause", cause}});
}

void ClientSession::out_of_time() {
  switch (state_) {
    case State::greeting: return close();
    case State::head:
      if (parser_.mid_head()) return refuse_unread(too_slow("the request's head took longer than 10 s"));
      note_bad_handshake("it took longer than 10 s");
      return close();
    case State::api_body: return refuse(too_slow("the request's body took longer than 10 s"));
    case State::call: return check_body_rate();
    case State::watch: return;
    case State::ordered:
    case State::answered:
    case State::lingering:
    case State::closed: return close();
  }
}

void ClientSession::check_body_rate() {
  const bool ours_to_wait = call_.body_room() == 0;  // then it is the app that is slow
  if (!ours_to_wait && pace_.too_slow(Clock::now())) return spoilt(body_too_slow());
  timer_.after(body_check_time);
}

void ClientSession::close() {
  if (std::exchange(state_, State::closed) == State::closed) return;
  timer_.cancel();
  call_.cancel();
  if (watch_) watch_->cancel();
  order_.forget();
  context_.access_log.end(record_, AccessRecord::End::cut);
  on_closed_(*this);
}

}  // namespace ringside::worker
