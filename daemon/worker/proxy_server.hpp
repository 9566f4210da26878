// Requests that a ringpop-node forwarded to this host as /proxy/req. The control thread has checked them
// (ring checksum, keys, caps) and posted them here; each runs a Call to this host's app and nowhere else,
// since it has been forwarded once. The reply is gathered, under a cap, and answered in one piece.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/net/proxy.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

class ProxyServer;

class ServedProxy final : public Inbound, public Buried {
 public:
  ServedProxy(ProxyServer& server, std::uint64_t id, net::ProxiedRequest request);
  void start();
  void send_continue() override {}
  void send_reply(const http::ResponseHead&, bool end) override;
  void send_reply_body(std::string_view) override;
  void send_reply_end(const http::Trailers&) override;
  void abort_reply() override;
  [[nodiscard]] std::size_t reply_backlog() const override { return 0; }  // what comes is gathered
  void more_body() override;

 private:
  friend class ProxyServer;
  void answer(net::ProxyAnswer);
  void answer_refusal();
  void fail_executed(const std::string& detail);

  ProxyServer& server_;
  std::uint64_t id_;
  net::ProxiedRequest request_;
  std::size_t given_ = 0;  // of request_.body
  ringpop::ProxyResponse reply_;
  std::string reply_body_;
  std::string refused_;  // Ringside-Error of a reply that is not the app's
  bool over_cap_ = false;
  bool answered_ = false;
  net::Timer timer_;  // the caller's patience
  Call call_;
};

class ProxyServer {
 public:
  ProxyServer(Context& context, std::function<void()> on_idle)
      : context_(context), on_idle_(std::move(on_idle)) {}

  void serve(net::ProxiedRequest);
  [[nodiscard]] bool idle() const { return open_.empty(); }

 private:
  friend class ServedProxy;
  void discard(ServedProxy&);

  Context& context_;
  std::function<void()> on_idle_;
  std::unordered_map<std::uint64_t, std::unique_ptr<ServedProxy>> open_;
  std::uint64_t next_id_ = 1;
};

}  // namespace ringside::worker
