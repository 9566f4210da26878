#include "daemon/control/proxy_gate.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <optional>
#include <string>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::control {
namespace {

using net::ProxyAnswer;

// The first key that this node does not own.
std::optional<std::string> foreign_key(const ringpop::ProxyRequest& head, const api::View& view) {
  for (const auto& key : head.keys) {
    const auto owner = view.ring->owner(key);
    if (!owner || view.ring->server(*owner).address != view.address) return key;
  }
  return std::nullopt;
}

void answer(const net::CallResponder& responder, ProxyAnswer&& answer) {
  responder.answer_app(answer.code, std::move(answer.head), std::move(answer.body));
}

}  // namespace

struct ProxyGate::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, net::TchannelPeers& p, const config::Config& c,
        obs::ControlMetrics& m, std::function<void(net::ProxiedRequest)> s)
      : io(context), peers(p), config(c), metrics(m), serve(std::move(s)) {}

  // In ringpop-node's order: the head, the ring, the keys, then whether there is room. A difference is
  // counted whether it is enforced or not.
  [[nodiscard]] std::optional<ProxyAnswer> refuse(const wire::Parsed<ringpop::ProxyRequest>& head,
                                                  const api::View& view) {
    if (!head) return net::proxy_refusal("ringside.bad-request", "need a header that says what is asked");
    if (head->checksum != view.ring->checksum()) {
      metrics.proxy_checksums_differ.add();
      if (config.ringpop.enforce_checksum)
        return net::proxy_refusal(ringpop::invalid_checksum,
                                  "the sender's ring is another one: its checksum is " +
                                      (head->checksum ? std::to_string(*head->checksum) : "not known") +
                                      ", here it is " + std::to_string(view.ring->checksum()));
    }
    if (const auto key = foreign_key(*head, view)) {
      metrics.proxy_keys_differ.add();
      if (config.ringpop.enforce_keys)
        return net::proxy_refusal(ringpop::invalid_key,
                                  "the key '" + *key + "' is not owned by " + view.address);
    }
    return std::nullopt;
  }

  void receive(net::IncomingCall&& call, const api::View& view) {
    metrics.proxy_ingress.add();
    auto head = ringpop::decode_proxy_request(call.request.arg2);
    if (auto refusal = refuse(head, view)) {
      obs::log(obs::Level::debug, "proxy_refused", {{"peer", call.peer}, {"cause", refusal->body}});
      return answer(call.responder, std::move(*refusal));
    }
    const std::size_t bytes = call.request.arg3.size();
    if (in_flight >= limits::proxy_in_flight || held_bytes + bytes > limits::proxy_held_bytes) {
      metrics.proxy_refused.add();
      return answer(call.responder, net::proxy_overload("this node has too many requests under way"));
    }
    count(1, bytes);
    serve({.head = std::move(*head),
           .body = std::move(call.request.arg3),
           .peer = std::move(call.peer),
           .deadline = call.deadline,
           .done = [&io = io, weak = weak_from_this(), responder = call.responder, bytes](ProxyAnswer done) {
             boost::asio::post(io, [weak, responder, bytes, done = std::move(done)]() mutable {
               const auto self = weak.lock();
               if (!self) return;
               self->count(-1, bytes);
               answer(responder, std::move(done));
             });
           }});
  }

  void count(int calls, std::size_t bytes) {
    in_flight = calls > 0 ? in_flight + 1 : in_flight - 1;
    held_bytes = calls > 0 ? held_bytes + bytes : held_bytes - bytes;
    metrics.proxy_in_flight.set(static_cast<std::int64_t>(in_flight));
  }

  void send(net::ProxyCall&& call) {
    tchannel::CallRequest request;
    request.service = ringpop::service;
    request.headers = {{"as", "raw"}, {"cn", std::string(ringpop::service)}};
    request.checksum = tchannel::ChecksumType::crc32c;  // as ringpop-node does
    request.arg1 = ringpop::proxy_endpoint;
    request.arg2 = std::move(call.head);
    request.arg3 = std::move(call.body);
    peers.call(call.address, std::move(request), call.deadline, std::move(call.done), net::Lane::app);
  }

  boost::asio::io_context& io;
  net::TchannelPeers& peers;
  const config::Config& config;
  obs::ControlMetrics& metrics;
  std::function<void(net::ProxiedRequest)> serve;
  std::size_t in_flight = 0;
  std::size_t held_bytes = 0;  // request bodies of those in flight
};

ProxyGate::ProxyGate(boost::asio::io_context& io, net::TchannelPeers& peers, const config::Config& config,
                     obs::ControlMetrics& metrics, std::function<void(net::ProxiedRequest)> serve)
    : state_(std::make_shared<State>(io, peers, config, metrics, std::move(serve))) {}

ProxyGate::~ProxyGate() = default;

void ProxyGate::receive(net::IncomingCall&& call, const api::View& view) {
  state_->receive(std::move(call), view);
}

void ProxyGate::send(net::ProxyCall&& call) {
  state_->send(std::move(call));
}

}  // namespace ringside::control
