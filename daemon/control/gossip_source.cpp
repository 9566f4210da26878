#include "daemon/control/gossip_source.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <variant>

namespace ringside::control {
namespace {

bool is_its(const Speaker& speaker, const std::string& name) {
  return std::ranges::find(speaker.names, name) != speaker.names.end();
}

std::string not_its(const Speaker& speaker, std::string_view name) {
  return "it speaks for " + std::string(name) + ", and its certificate is for " + speaker.names.front();
}

std::string by_records(const Speaker& speaker, std::span<const ringpop::Change> changes) {
  for (const auto& change : changes) {
    if (change.address != speaker.address) continue;
    for (const auto& [key, name] : change.labels)
      if (key == ringpop::identity_label && !is_its(speaker, name)) return not_its(speaker, name);
  }
  return {};
}

std::span<const ringpop::Change> records_of(const ringpop::Request& request) {
  if (const auto* ping = std::get_if<ringpop::Ping>(&request)) return ping->changes;
  if (const auto* ping_req = std::get_if<ringpop::PingReq>(&request)) return ping_req->changes;
  return {};
}

std::span<const ringpop::Change> records_of(const ringpop::Response& response) {
  if (const auto* join = std::get_if<ringpop::JoinResponse>(&response)) return join->membership;
  if (const auto* ping = std::get_if<ringpop::PingResponse>(&response)) return ping->changes;
  if (const auto* ping_req = std::get_if<ringpop::PingReqResponse>(&response)) return ping_req->changes;
  return {};
}

}  // namespace

std::string false_source(const Speaker& speaker, const ringpop::Request& request, const NameOf& name_of) {
  if (speaker.names.empty()) return {};
  const auto& source =
      std::visit([](const auto& body) -> const std::string& { return body.source; }, request);
  if (source != speaker.address)
    return "it speaks for " + source + ", and says that it listens at " +
           (speaker.address.empty() ? "no address" : speaker.address);
  if (const auto name = name_of(source); !name.empty() && !is_its(speaker, name))
    return not_its(speaker, name);
  return by_records(speaker, records_of(request));
}

std::string false_source(const Speaker& speaker, const ringpop::Response& response) {
  return speaker.names.empty() ? std::string() : by_records(speaker, records_of(response));
}

}  // namespace ringside::control
