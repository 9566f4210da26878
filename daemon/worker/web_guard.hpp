// Keeps web pages away from the API. Any page can make its visitor's browser ask addresses of the visitor's
// own network: under a name of the page's that leads there (DNS rebinding), or across sites. The first is
// known by a Host that is none of ours, the second by what browsers say of the page: Origin, Sec-Fetch-Site.
// Programs are asked for nothing but a right Host.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/problem.hpp"
#include "daemon/base/address.hpp"
#include "daemon/config/config.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

// The rules of one listener; never changes. Nothing is allocated for a request that may pass.
class WebGuard {
 public:
  // `listener` with its real port; `advertised`: what peers dial.
  WebGuard(const config::Config&, const Address& listener, const std::string& advertised);

  // Why this request may not ask here; nothing: it may.
  [[nodiscard]] std::optional<api::Problem> refusal(const http::RequestHead&) const;

 private:
  void add_name(const std::string&);
  [[nodiscard]] bool is_own(const http::RequestHead&) const;
  [[nodiscard]] bool is_own_name(std::string_view host) const;
  [[nodiscard]] api::Problem wrong_host(std::string_view authority) const;
  [[nodiscard]] bool is_listed(std::string_view origin) const;

  std::string_view scheme_;         // of the listener's own origin
  std::string port_;                // the listener's; empty on a unix socket
  std::vector<std::string> names_;  // answered without a port and with the listener's
  std::vector<std::string> exact_;  // name:port, as security.api_hosts has them
  std::vector<std::string> origins_;
  bool any_host_ = false;
  bool any_address_ = false;
};

}  // namespace ringside::worker
