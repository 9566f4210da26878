#include "daemon/net/tchannel_handshake.hpp"

#include "daemon/base/address.hpp"
#include "daemon/base/text.hpp"

namespace ringside::net {
namespace {

constexpr std::uint16_t oldest_version = 2;
constexpr std::string_view hop_header = "ringside_hop";
constexpr int hops_max = 8;  // the range of forward.max_hops

// Peers that do not listen say 0.0.0.0:0; whatever is not ip:port cannot be dialled either.
std::string dialable(std::string_view host_port) {
  const auto address = parse_address(host_port);
  if (!address || address->is_unix() || address->port == 0 || address->is_wildcard()) return {};
  return std::string(host_port);
}

}  // namespace

std::string text_of(const wire::WireError& error) {
  return std::string(wire::describe(error.code)) + " at byte " + std::to_string(error.offset);
}

bool init_too_large(std::string_view bytes) noexcept {
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(bytes[i])}; };
  return bytes.size() >= 2 && (byte(0) << 8 | byte(1)) > tchannel::init_bytes_max;
}

tchannel::Init make_init(const TchannelSelf& self) {
  tchannel::Init init;
  init.headers = {{"host_port", self.host_port},      {"process_name", self.process_name},
                  {"tchannel_language", "cpp"},       {"tchannel_language_version", "20"},
                  {"tchannel_version", self.version}, {"ringside_version", self.version}};
  if (self.hop > 0) init.headers.emplace_back(hop_header, std::to_string(self.hop));
  return init;
}

Result<TchannelIdentity, std::string> judge_init(std::span<const std::uint8_t> payload) {
  const auto init = tchannel::parse_init(payload);
  if (!init) return "malformed init: " + text_of(init.error());
  if (init->version < oldest_version)
    return "unsupported protocol version " + std::to_string(init->version) + ", expected 2";
  const auto host_port = tchannel::find(init->headers, "host_port");
  if (host_port.empty()) return std::string("header host_port is required");
  TchannelIdentity identity;
  identity.host_port = dialable(host_port);
  identity.process_name = tchannel::find(init->headers, "process_name");
  identity.language = tchannel::find(init->headers, "tchannel_language");
  identity.ringside_version = tchannel::find(init->headers, "ringside_version");
  if (const auto hop = tchannel::find(init->headers, hop_header); !hop.empty()) {
    const auto number = parse_integer(hop);
    if (!number || *number < 1 || *number > hops_max)
      return "header " + std::string(hop_header) + " is not a number from 1 to " + std::to_string(hops_max);
    identity.hop = static_cast<int>(*number);
  }
  return identity;
}

}  // namespace ringside::net
