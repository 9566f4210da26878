#include "daemon/worker/proxy_server.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/api/api.hpp"
#include "daemon/base/limits.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::worker {
namespace {

constexpr std::uint8_t ok = 0;

}  // namespace

ServedProxy::ServedProxy(ProxyServer& server, std::uint64_t id, net::ProxiedRequest request)
    : server_(server),
      id_(id),
      request_(std::move(request)),
      timer_(server.context_.timers,
             [this] {
               call_.cancel();
               fail_executed("the reply did not end within the call's ttl");
             }),
      call_(server.context_, *this) {}

void ServedProxy::start() {
  http::RequestHead head;
  head.method = request_.head.method;
  head.target = request_.head.url;
  for (const auto& [name, value] : request_.head.fields) {
    if (name == "host") {
      head.authority = value;
    } else {
      head.fields.push_back({name, value});
    }
  }
  if (!head.authority.empty() && !http::is_authority(head.authority))
    return answer(net::proxy_refusal("ringside.bad-request", "the host field is malformed"));
  const bool with_body = !request_.body.empty() || http::find(head.fields, http::Name::content_length) ||
                         http::find(head.fields, http::Name::transfer_encoding);
  if (with_body) head.framing = {http::BodyKind::length, request_.body.size()};
  timer_.at(request_.deadline);
  // Several keys stand for one request to the app: none of them is its key alone.
  const auto& keys = request_.head.keys;
  call_.start_from_ringpop(head, keys.size() == 1 ? keys.front() : std::string(), request_.peer,
                           request_.deadline, request_.body.empty());
  more_body();
}

void ServedProxy::more_body() {
  while (call_.active() && given_ < request_.body.size()) {
    const auto piece = std::string_view(request_.body).substr(given_, call_.body_room());
    if (piece.empty()) return;
    given_ += piece.size();
    call_.body(piece);
  }
  if (call_.active() && !call_.body_finished()) call_.body_end({});
}

void ServedProxy::send_reply(const http::ResponseHead& head, bool end) {
  reply_.status = head.status;
  refused_ = http::find(head.fields, http::Name::ringside_error).value_or("");
  for (const auto& field : head.fields) reply_.fields.emplace_back(field.name, field.value);
  const bool announced = head.framing.kind == http::BodyKind::none && request_.head.method == "HEAD" &&
                         head.framing.length != http::length_unknown;
  if (announced) reply_.fields.emplace_back("content-length", std::to_string(head.framing.length));
  if (end) send_reply_end({});
}

void ServedProxy::send_reply_body(std::string_view data) {
  if (over_cap_) return;
  if (reply_body_.size() + data.size() <= limits::proxy_body_bytes) {
    reply_body_.append(data);
    return;
  }
  over_cap_ = true;  // whoever reads the reply is not to lose its call under its feet
  boost::asio::post(server_.context_.io, [&server = server_, id = id_] {
    const auto found = server.open_.find(id);
    if (found == server.open_.end()) return;
    found->second->call_.cancel();
    found->second->send_reply_end({});
  });
}

void ServedProxy::send_reply_end(const http::Trailers&) {  // /proxy/req has no place for them
  if (over_cap_)
    return fail_executed("towards a ringpop-node a reply has at most " +
                         std::to_string(limits::proxy_body_bytes) + " bytes");
  if (!refused_.empty()) return answer_refusal();
  answer({ok, ringpop::encode(reply_), std::move(reply_body_)});
}

// Ringside's own answer instead of the app's. ringpop-node repeats whatever comes with code 1, any method: so
// that is only for what surely reached no app.
void ServedProxy::answer_refusal() {
  const auto* row = api::find_row(refused_);
  if (row == nullptr || row->executed_maybe)
    return answer({ok, ringpop::encode(reply_), std::move(reply_body_)});
  if (row->code == api::Code::overloaded || row->code == api::Code::key_queue_full)
    return answer(net::proxy_overload("this node has too many requests under way"));
  answer(net::proxy_refusal("ringside." + std::string(row->name),
                            std::string(row->title) + ". " + std::string(row->remedy)));
}

void ServedProxy::abort_reply() {
  fail_executed("the app's reply broke off");
}

// The app had the request: as a reply, because it must not be repeated.
void ServedProxy::fail_executed(const std::string& detail) {
  const auto& view = *server_.context_.view;
  const api::Response response =
      api::render({.code = api::Code::app_error, .detail = detail, .owner = view.name});
  ringpop::ProxyResponse head{response.status, {{"content-type", std::string(response.content_type)}}};
  for (const auto& [name, value] : response.headers) head.fields.emplace_back(name, value);
  answer({ok, ringpop::encode(head), response.body});
}

void ServedProxy::answer(net::ProxyAnswer answer) {
  if (std::exchange(answered_, true)) return;
  timer_.cancel();
  request_.done(std::move(answer));
  server_.discard(*this);
}

void ProxyServer::serve(net::ProxiedRequest request) {
  const std::uint64_t id = next_id_++;
  auto& served = open_[id];
  served = std::make_unique<ServedProxy>(*this, id, std::move(request));
  served->start();
}

void ProxyServer::discard(ServedProxy& served) {
  const auto found = open_.find(served.id_);
  context_.turn.bury(std::move(found->second), nullptr);
  open_.erase(found);
  on_idle_();
}

}  // namespace ringside::worker
