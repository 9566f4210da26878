#include "daemon/worker/served_stream.hpp"

#include <algorithm>
#include <utility>

#include "daemon/worker/grpc.hpp"
#include "daemon/worker/http2_server.hpp"

namespace ringside::worker {

ServedStream::ServedStream(Http2Server& link)
    : link_(link), timer_(link.context_.timers, [this] { check_body_rate(); }), call_(link.context_, *this) {}

void ServedStream::begin(http2::StreamId id) {
  id_ = id;
  pending_.clear();
  taken_ = 0;
  window_ = StreamWindow(link_.asker_ == Asker::peer ? StreamWindow::Grows::yes : StreamWindow::Grows::no);
  trailers_.clear();
  body_ended_ = gone_ = head_request_ = grpc_ = reply_started_ = false;
  wants_continue_ = true;
  pace_ = {};
  api_.reset();
  watch_.reset();
}

// --- the request

void ServedStream::begin_for_peer(const http::RequestHead& head, bool end) {
  body_ended_ = end;
  call_.start_from_peer(head, end);
}

void ServedStream::begin_for_client(const http::RequestHead& head, const Client& client, bool end) {
  record_ = link_.context_.access_log.begin(head, client, link_.context_.rng);
  body_ended_ = end;
  head_request_ = head.method == "HEAD";
  grpc_ = is_grpc(head.fields);
  const auto expects = http::find(head.fields, http::Name::expect);
  wants_continue_ = expects && http::equals_ignore_case(*expects, "100-continue");
  const auto body_max = link_.body_max();
  if (head.framing.kind == http::BodyKind::length && head.framing.length > body_max)
    return refuse({.code = api::Code::body_too_large,
                   .detail = "the body has " + std::to_string(head.framing.length) + " bytes, the limit is " +
                             std::to_string(body_max)});
  if (ends_here(head)) return write({.status = 200, .content_type = {}, .body = {}, .headers = {}});
  Route& wanted = link_.context_.route;
  route_of(head, client, link_.context_.config, link_.context_.routes, wanted);
  switch (wanted.kind) {
    case Route::Kind::refused: return refuse(wanted.problem);
    case Route::Kind::api: return begin_api(head, end);
    case Route::Kind::key:
    case Route::Kind::any:
    case Route::Kind::node:
    case Route::Kind::local: return begin_call(head, wanted, client, end);
  }
}

// A gRPC stream may rest for as long as its two ends like: what it holds here is bounded.
void ServedStream::begin_call(const http::RequestHead& head, const Route& route, const Client& client,
                              bool end) {
  if (!end && !grpc_) {
    pace_.begun = Clock::now();
    timer_.after(link_.context_.client_limits.body_grace);
  }
  call_.start_from_client(head, route, client, end);
}

void ServedStream::begin_api(const http::RequestHead& head, bool end) {
  if (grpc_) return refuse({.code = api::Code::missing_key, .detail = "a gRPC call names no key"});
  if (link_.crowded())
    return refuse({.code = api::Code::overloaded, .detail = "this connection does not read its answers"});
  api_.emplace();
  if (!api_->begin(head)) return refuse(api_body_too_large());
  if (end) return answer_api();
  timer_.after(link_.context_.client_limits.head_time);
  if (wants_continue_) send_continue();
}

void ServedStream::answer_api() {
  timer_.cancel();
  api::Response response = api_->answer(link_.context_, {});
  ApiRequest request = std::move(*api_);
  api_.reset();
  if (response.order)
    return order_.start(link_.context_, *response.order,
                        [this](const api::Response& answer) { write(answer); });
  if (response.later == api::Later::no || (head_request_ && has_no_end(response.later)))
    return write(response);
  watch_ =
      std::make_unique<Watch>(link_.context_, *this, std::move(request), std::move(response), head_request_);
}

void ServedStream::take_body(std::string_view data) {
  pace_.bytes += data.size();
  if (record_) record_->request_body(data.size());
  if (call_.active() && !over_limit()) {
    window_.received(data.size());
    const std::size_t now = pending_.empty() ? std::min(call_.body_room(), data.size()) : 0;
    if (now > 0) call_.body(data.substr(0, now));
    pending_.append(data.substr(now));  // bounded by the stream's window
    return more_body();
  }
  // What is not for a call is used up at once, or of no interest any more because the answer has been given.
  link_.session_.consume(id_, data.size());
  if (api_ && !api_->add(data)) refuse(api_body_too_large());
}

bool ServedStream::over_limit() {
  if (link_.asker_ == Asker::peer || pace_.bytes <= link_.body_max()) return false;
  spoilt({.code = api::Code::body_too_large,
          .detail = "the body is over the limit of " + std::to_string(link_.body_max()) + " bytes"});
  return true;
}

void ServedStream::take_end(const http::Trailers& trailers) {
  trailers_.assign(trailers);
  body_ended_ = true;
  if (api_) return answer_api();
  more_body();
}

void ServedStream::more_body() {
  if (gone_) return;
  const std::size_t count = std::min(call_.body_room(), pending_.size() - taken_);
  if (count > 0) {
    call_.body(std::string_view(pending_).substr(taken_, count));
    taken_ += count;
    if (2 * taken_ >= pending_.size()) pending_.erase(0, std::exchange(taken_, 0));
  }
  open_window();
  if (pending_.empty() && body_ended_ && !call_.body_finished()) {
    timer_.cancel();
    call_.body_end(trailers_.get());
  }
}

// For what the next hop has taken.
void ServedStream::open_window() {
  const std::size_t unsent = limits::stream_window_bytes - call_.body_room();
  const std::size_t more = window_.give_back(pending_.size() - taken_ + unsent);
  if (more == 0) return;
  link_.session_.consume(id_, more);
  link_.wants_flush();
}

void ServedStream::check_body_rate() {
  if (api_) return spoilt(too_slow("the request's body took longer than 10 s"));
  if (!call_.active()) return;
  const bool ours_to_wait = call_.body_room() == 0;  // then it is the app that is slow
  if (!ours_to_wait && pace_.too_slow(Clock::now())) return spoilt(body_too_slow());
  timer_.after(body_check_time);
}

void ServedStream::gone() {
  gone_ = true;
  timer_.cancel();
  call_.cancel();
  if (watch_) watch_->cancel();
  order_.forget();
  link_.context_.access_log.end(record_, AccessRecord::End::cut);
  pending_ = std::string();  // nearly always empty; this object may rest for long
}

// --- the answer

// The request's body turned out bad while the call was under way: the app must not take it for whole.
void ServedStream::spoilt(const api::Problem& problem) {
  call_.cancel();
  if (reply_started_) return abort_reply();
  refuse(problem);
}

void ServedStream::refuse(const api::Problem& problem) {
  link_.context_.metrics.bad_requests.add();
  timer_.cancel();
  api_.reset();
  write(grpc_ ? render_for_grpc(problem) : api::render(problem));
}

// A whole answer of our own.
void ServedStream::write(const api::Response& response) {
  send_whole(*this, response, head_request_);
}

void ServedStream::send_continue() {
  if (gone_ || body_ended_ || !std::exchange(wants_continue_, false)) return;
  link_.session_.submit_continue(id_);
  link_.wants_flush();
}

void ServedStream::send_reply(const http::ResponseHead& head, bool end) {
  if (gone_) return;
  reply_started_ = true;
  if (link_.asker_ == Asker::client) {
    http::ResponseHead dated = head;
    link_.context_.date.add_to(dated);
    link_.session_.submit_response(id_, dated, end);
    if (record_) record_->reply(dated);
    if (end) end_record();
  } else {
    link_.session_.submit_response(id_, head, end);
  }
  link_.wants_flush();
}

void ServedStream::send_reply_body(std::string_view data) {
  if (gone_) return;
  link_.session_.send_data(id_, data, false);
  link_.count_out(data.size());
  if (record_) record_->reply_body(data.size());
  link_.wants_flush();
}

void ServedStream::send_reply_end(const http::Trailers& trailers) {
  if (gone_) return;
  link_.session_.send_end(id_, trailers);
  end_record();
  link_.wants_flush();
}

void ServedStream::end_record() {
  link_.context_.access_log.end(record_, AccessRecord::End::whole);
}

void ServedStream::abort_reply() {
  if (gone_) return;
  link_.session_.reset(id_, http2::Code::internal_error);
  link_.wants_flush();
}

void ServedStream::writable() {
  if (watch_) return watch_->drained();
  call_.reply_drained();
}

std::size_t ServedStream::reply_backlog() const {
  return gone_ ? 0 : link_.session_.queued(id_);
}

}  // namespace ringside::worker
