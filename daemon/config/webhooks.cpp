#include "daemon/config/webhooks.hpp"

#include <algorithm>
#include <set>

#include "daemon/base/event_types.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/list_of_maps.hpp"

namespace ringside::config {
namespace {

constexpr std::string_view http = "http://";
constexpr std::string_view https = "https://";
constexpr std::string_view example = R"(e.g. - {url: "http://127.0.0.1:5000/events", types: [ring-*]})";

class Reader {
 public:
  WebhooksFound run(const YAML::Node& node) {
    if (!node.IsSequence()) {
      refuse(node.Mark(), "expected a list of webhooks", std::string(example));
      return std::move(found_);
    }
    if (node.size() > limits::webhooks)
      refuse(node.Mark(), "at most " + std::to_string(limits::webhooks) + " webhooks are taken", "");
    for (const auto& each : node) {
      found_.webhooks.emplace_back();
      webhook(each, found_.webhooks.back());
    }
    return std::move(found_);
  }

 private:
  void webhook(const YAML::Node& node, Webhook& hook) {
    if (!node.IsMap()) return refuse(node.Mark(), "expected a map", std::string(example));
    std::set<std::string> given;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) {
        refuse(pair.first.Mark(), "a key must be a word", "");
        continue;
      }
      const auto& name = pair.first.Scalar();
      if (!given.insert(name).second)
        refuse(pair.first.Mark(), name + " is given twice", "leave one out");
      else
        field(name, pair.first.Mark(), pair.second, hook);
    }
    if (!given.contains("url")) return refuse(node.Mark(), "has no url", std::string(example));
    if (!hook.ca_file.empty() && !hook.url.starts_with(https))
      refuse(node.Mark(), "ca_file: only https has authorities", "leave it out");
  }

  void field(const std::string& name, const YAML::Mark& key, const YAML::Node& value, Webhook& hook) {
    if (name == "types") return types(value, hook);
    if (name != "url" && name != "secret_file" && name != "ca_file") {
      const std::vector<std::string> known{"url", "types", "secret_file", "ca_file"};
      const auto near = closest(name, known);
      return refuse(
          key, "unknown option '" + name + "'",
          near.empty() ? "a webhook has url, types, secret_file, ca_file" : "did you mean " + near + "?");
    }
    if (!value.IsScalar() || value.Scalar().empty())
      return refuse(value.Mark(), name + ": expected a text", "");
    if (name != "url") {
      (name == "ca_file" ? hook.ca_file : hook.secret_file) = value.Scalar();
      return;
    }
    hook.url = value.Scalar();
    if (const auto url = parse_webhook_url(hook.url); !url) refuse(value.Mark(), "url: " + url.error(), "");
  }

  void types(const YAML::Node& value, Webhook& hook) {
    if (!value.IsSequence()) return refuse(value.Mark(), "types: expected a list", "e.g. [ring-*, app-up]");
    for (const auto& each : value) {
      const auto filter = EventFilter::parse(each.IsScalar() ? each.Scalar() : "");
      if (!filter) return refuse(each.Mark(), "types: " + filter.error(), "");
      hook.types.push_back(each.Scalar());
    }
  }

  void refuse(const YAML::Mark& mark, const std::string& message, const std::string& suggestion) {
    const auto number = found_.webhooks.size();
    const std::string which = number == 0 ? "" : "webhook " + std::to_string(number) + ": ";
    found_.problems.push_back(problem_at(mark, "events.webhooks", which + message, suggestion));
  }

  WebhooksFound found_;
};

}  // namespace

WebhooksFound read_webhooks(const YAML::Node& node) {
  return Reader().run(node);
}

WebhooksFound read_webhooks(const std::string& text) {
  return read_list<WebhooksFound>(text, "events.webhooks", read_webhooks);
}

std::string print_webhook(const Webhook& hook) {
  std::string out = "{url: " + in_quotes(hook.url);
  if (!hook.types.empty()) {
    std::string types;
    for (const auto& type : hook.types) types += (types.empty() ? "" : ", ") + in_quotes(type);
    out += ", types: [" + types + "]";
  }
  if (!hook.secret_file.empty()) out += ", secret_file: " + in_quotes(hook.secret_file);
  if (!hook.ca_file.empty()) out += ", ca_file: " + in_quotes(hook.ca_file);
  return out + "}";
}

Result<WebhookUrl, std::string> parse_webhook_url(std::string_view text) {
  const bool tls = text.starts_with(https);
  const bool at_app = text.starts_with('/');
  if (!tls && !at_app && !text.starts_with(http))
    return "'" + std::string(text) +
           "' is not like https://example.com/events, http://127.0.0.1:5000/events, or /events at the app";
  const auto rest = at_app ? text : text.substr(tls ? https.size() : http.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  WebhookUrl url;
  url.authority = rest.substr(0, slash);
  url.path = slash == rest.size() ? "/" : rest.substr(slash);
  for (const char c : url.path)
    if (c <= ' ' || c == 0x7F || c == '#')
      return "'" + std::string(text) + "' holds a byte that belongs into no path; percent-encode it";
  if (at_app) return url;
  if (url.authority.starts_with("unix:"))
    return "'" + std::string(text) + "': a socket file has no place in a URL";
  auto address = parse_address(url.authority, tls ? 443 : 80);
  if (!address) return "'" + std::string(text) + "': " + address.error();
  if (!tls && !address->is_loopback())
    return "'" + std::string(text) +
           "' leads off this machine, and http would tell everybody on the way; use https";
  url.address = std::move(*address);
  url.address.tls = tls;
  return url;
}

std::string without_query(std::string url) {
  if (const auto mark = url.find('?'); mark != std::string::npos)
    url.replace(mark, std::string::npos, "?***");
  return url;
}

}  // namespace ringside::config
