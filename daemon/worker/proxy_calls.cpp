#include "daemon/worker/proxy_calls.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/worker/fields.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::worker {
namespace {

constexpr int too_many_status = 429;

ringpop::Rejection rejection_of(std::string_view body) {
  auto decoded = ringpop::decode_response({}, true, body);
  return decoded ? std::get<ringpop::Rejection>(std::move(*decoded)) : ringpop::Rejection{};
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

// --- one call

void ProxyStream::send_body(std::string_view data) {
  if (over_cap_ || call_ == nullptr) return;
  if (body_.size() + data.size() > limits::proxy_body_bytes) {
    over_cap_ = true;
    return calls_.later(id_, [](ProxyStream& stream, Call&) {
      stream.done().failed_for_good(
          api::Code::body_too_large,
          "towards a ringpop-node a body has at most " + std::to_string(limits::proxy_body_bytes) + " bytes");
    });
  }
  held_ += data.size();
  calls_.held_bytes_ += data.size();
  body_.append(data);
}

void ProxyStream::send_end(const http::Trailers&) {  // /proxy/req has no place for trailers
  if (over_cap_ || call_ == nullptr) return;
  post_call();
}

void ProxyStream::post_call() {
  const http::RequestHead& from = call_->head();
  ringpop::ProxyRequest head;
  head.method = from.method;
  head.url = from.target;
  head.fields.emplace_back("host", from.authority);
  for (const auto& field : from.fields) head.fields.emplace_back(field.name, field.value);
  if (from.framing.kind != http::BodyKind::none)
    head.fields.emplace_back("content-length", std::to_string(body_.size()));
  head.checksum = calls_.context_.view->ring->checksum();
  if (is_utf8(call_->key())) head.keys.push_back(call_->key());
  calls_.context_.metrics.proxy_egress.add();
  auto& io = calls_.context_.io;
  calls_.post_({.address = address_,
                .head = ringpop::encode(head),
                .body = std::move(body_),
                .deadline = call_->deadline(),
                .done = [&io, &calls = calls_, id = id_](net::CallResult result) {
                  boost::asio::post(io, [&calls, id, result = std::move(result)]() mutable {
                    const auto found = calls.open_.find(id);
                    if (found != calls.open_.end()) found->second->take_answer(std::move(result));
                  });
                }});
}

void ProxyStream::take_answer(net::CallResult result) {
  auto& metrics = calls_.context_.metrics;
  if (result && result->code == 0) {
    metrics.proxy_send_success.add();
    return take_reply(std::move(*result));
  }
  metrics.proxy_send_error.add();
  if (result) return refused(std::move(*result));
  done().failed(
      result.error().maybe_executed ? forward::Outcome::maybe_executed : forward::Outcome::not_executed,
      result.error().message);
}

void ProxyStream::take_reply(tchannel::CallResponse&& answer) {
  auto head = ringpop::decode_proxy_response(answer.arg2);
  if (!head)
    return done().failed_for_good(api::Code::app_error, "the ringpop-node's reply has a malformed head");
  const bool refusal = head->status == too_many_status && head->fields.empty();
  if (refusal && rejection_of(answer.arg3).type == ringpop::too_many_requests)
    return done().failed_for_good(api::Code::overloaded,
                                  "the owner, a ringpop-node, has too many requests under way");
  reply_ = std::move(*head);
  reply_body_ = std::move(answer.arg3);
  std::erase_if(reply_.fields, [](const auto& field) { return is_ringside_field(field.first); });
  start_reply();
}

// Code 1: the peer's own checks refused it, or its app failed.
void ProxyStream::refused(tchannel::CallResponse&& answer) {
  const auto rejection = rejection_of(answer.arg3);
  const std::string why = rejection.message.empty() ? "it answered with an error" : rejection.message;
  const bool differs = rejection.type == ringpop::invalid_checksum || rejection.type == ringpop::invalid_key;
  done().failed(differs ? forward::Outcome::ring_differs : forward::Outcome::maybe_executed, why);
}

void ProxyStream::start_reply() {
  http::ResponseHead head;
  head.status = reply_.status;
  for (const auto& [name, value] : reply_.fields) head.fields.push_back({name, value});
  if (call_->to_head()) {
    head.framing.length = http::length_unknown;
    if (const auto length = http::find(head.fields, http::Name::content_length))
      std::from_chars(length->data(), length->data() + length->size(), head.framing.length);
  } else if (!has_no_body(reply_.status)) {
    head.framing = {http::BodyKind::length, reply_body_.size()};
  }
  const bool end = head.framing.kind == http::BodyKind::none || reply_body_.empty();
  if (end) return done().reply(head, true);
  replying_ = true;
  call_->reply(head, false);
  more_reply();
}

void ProxyStream::more_reply() {
  while (call_ != nullptr && replying_) {
    const std::string_view piece = std::string_view(reply_body_).substr(given_, call_->reply_room());
    if (piece.empty()) return;
    given_ += piece.size();
    call_->reply_body(piece);
    if (call_ != nullptr && given_ == reply_body_.size()) done().reply_end({});
  }
}

void ProxyStream::cancel() {
  done();
}

Call& ProxyStream::done() {
  Call& call = *std::exchange(call_, nullptr);
  calls_.discard(*this);
  return call;
}

// --- all calls of a worker

Outbound* ProxyCalls::start(Call& call, std::string_view address, bool end) {
  const std::uint64_t id = next_id_++;
  auto& stream = open_[id];
  stream = std::make_unique<ProxyStream>(*this, id, call, std::string(address));
  if (held_bytes_ > limits::proxy_held_bytes) {
    stream->over_cap_ = true;
    later(id, [](ProxyStream& refused, Call&) {
      refused.done().failed_for_good(api::Code::overloaded,
                                     "too many bodies are held for members that run ringpop-node");
    });
  } else if (end) {
    stream->post_call();
  } else {  // all of the body is wanted, before anybody at the other end has seen the head
    later(id, [](ProxyStream&, Call& waiting) { waiting.accepted(); });
  }
  return stream.get();
}

void ProxyCalls::later(std::uint64_t id, void (*what)(ProxyStream&, Call&)) {
  boost::asio::post(context_.io, [this, id, what] {
    const auto found = open_.find(id);
    if (found != open_.end()) what(*found->second, *found->second->call_);
  });
}

void ProxyCalls::discard(ProxyStream& stream) {
  const auto found = open_.find(stream.id_);
  if (found == open_.end()) return;
  held_bytes_ -= stream.held_;
  context_.turn.bury(std::move(found->second), nullptr);
  open_.erase(found);
}

}  // namespace ringside::worker
