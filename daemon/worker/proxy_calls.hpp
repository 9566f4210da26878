// Requests for keys whose owner is a ringpop-node: HTTP inside a TChannel call (proto/spec/forwarding.md,
// "Owners that are ringpop-node"). Such a call is one message, so the body is gathered, under a cap, and sent
// when it is complete; the answer comes whole too and is given on as fast as the asker takes it. The
// connections belong to the control thread: calls are posted to it, answers come back by post.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/net/proxy.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

class ProxyCalls;

class ProxyStream final : public Outbound, public Buried {
 public:
  ProxyStream(ProxyCalls& calls, std::uint64_t id, Call& call, std::string address)
      : calls_(calls), id_(id), call_(&call), address_(std::move(address)) {}
  void send_body(std::string_view) override;
  void send_end(const http::Trailers&) override;
  [[nodiscard]] std::size_t body_backlog() const override { return 0; }  // what comes is gathered
  void more_reply() override;
  void cancel() override;

 private:
  friend class ProxyCalls;
  void post_call();
  void take_answer(net::CallResult);
  void take_reply(tchannel::CallResponse&&);
  void refused(tchannel::CallResponse&&);
  void start_reply();
  Call& done();  // the last word to the call comes next

  ProxyCalls& calls_;
  std::uint64_t id_;
  Call* call_;  // nullptr: it ended, this object dies at the end of the turn
  std::string address_;
  std::string body_;
  std::size_t held_ = 0;  // bytes of the body, here or on their way
  bool over_cap_ = false;
  bool replying_ = false;
  ringpop::ProxyResponse reply_;
  std::string reply_body_;
  std::size_t given_ = 0;  // of reply_body_
};

class ProxyCalls {
 public:
  using Post = std::function<void(net::ProxyCall)>;
  ProxyCalls(Context& context, Post post) : context_(context), post_(std::move(post)) {}

  // Starts the call's current try at that ringpop-node.
  Outbound* start(Call&, std::string_view address, bool end);

 private:
  friend class ProxyStream;
  // Runs it for that stream in a turn of its own, if the stream is still there: a Call must not be answered
  // while it hands over its body.
  void later(std::uint64_t id, void (*what)(ProxyStream&, Call&));
  void discard(ProxyStream&);

  Context& context_;
  Post post_;
  std::unordered_map<std::uint64_t, std::unique_ptr<ProxyStream>> open_;
  std::uint64_t next_id_ = 1;
  std::size_t held_bytes_ = 0;  // request bodies that wait for an answer
};

}  // namespace ringside::worker
