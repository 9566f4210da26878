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

struct WebhookUrl {
  Address address;  // of this machine
  std::string authority, path;
};
// http on this machine; the error is one sentence with the remedy.
[[nodiscard]] Result<WebhookUrl, std::string> parse_webhook_url(std::string_view);
// For people's eyes: a query is the receiver's own affair, and often a token.
[[nodiscard]] std::string without_query(std::string url);

}  // namespace ringside::config
