// `events.webhooks`: a list of maps, read from the YAML of the file, or from the same YAML as one text in a
// flag or a variable; written back as YAML in flow style.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::config {

// Problems have no source yet, and no place if they come from a text.
struct WebhooksFound {
  Webhooks webhooks;
  std::vector<Problem> problems;
};
WebhooksFound read_webhooks(const YAML::Node&);
WebhooksFound read_webhooks(const std::string& text);
std::string print_webhook(const Webhook&);  // as a flow map of YAML

// Where to: "https://host/path"; "http://host/path" on this machine, since on the way off it everybody could
// read and change what is told; or "/path" at the app, wherever that is registered.
struct WebhookUrl {
  Address address;        // of the first two
  std::string authority;  // as it is written; empty: at the app
  std::string path;
  [[nodiscard]] bool at_app() const { return authority.empty(); }
};
// The error is one sentence with the remedy.
[[nodiscard]] Result<WebhookUrl, std::string> parse_webhook_url(std::string_view);
// For people's eyes: a query is the receiver's own affair, and often a token.
[[nodiscard]] std::string without_query(std::string url);

}  // namespace ringside::config
