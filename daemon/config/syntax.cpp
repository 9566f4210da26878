#include "daemon/config/syntax.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/base/network.hpp"
#include "daemon/base/utf8.hpp"

namespace ringside::config {
namespace {

constexpr std::string_view name_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool plain_name(std::string_view text) {
  return !text.empty() && text.size() <= limits::name_bytes &&
         text.find_first_not_of(name_characters) == text.npos;
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

// Something that is dialled: TCP, with a port that is not 0.
std::string check_dialled(std::string_view text, std::uint16_t default_port) {
  const auto address = parse_address(text, default_port);
  if (!address) return quoted(text) + ": " + address.error();
  if (address->is_unix()) return quoted(text) + " is a unix socket; other machines need host:port";
  if (address->port == 0) return quoted(text) + ": port 0 cannot be dialled";
  if (address->is_wildcard()) return quoted(text) + " is a wildcard, which nobody can dial";
  return "";
}

}  // namespace

std::string check_cluster(const std::string& text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  if (text.empty() || text.size() > limits::cluster_bytes || !printable)
    return quoted(text) + " is not a cluster name: 1 to 255 printable characters without spaces";
  return "";
}

std::string check_path(const std::string& text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  if (text.empty() || (text.front() == '/' && printable && text.find('#') == text.npos)) return "";
  return quoted(text) + " is not a path: it begins with / and has neither spaces nor #, e.g. /health";
}

std::string check_name(const std::string& text) {
  if (text.empty() || plain_name(text)) return "";
  if (text.find(':') != text.npos)
    return quoted(text) + " looks like an address; a name has none of ':' so that the two cannot be mixed up";
  if (text.find('#') != text.npos)
    return quoted(text) + " holds '#', which separates name and point on the ring";
  return quoted(text) + " is not a name: 1 to 63 letters, digits, '.', '_' or '-'";
}

std::string check_label(const std::string& text) {
  const auto equals = text.find('=');
  const auto key = text.substr(0, equals);
  const auto value = text.substr(equals + 1);
  if (!is_utf8(text)) return "a label is not UTF-8, which is all that gossip carries";
  if (key.empty()) return "a label needs a key, e.g. zone=eu";
  if (key.starts_with("__")) return "label " + quoted(key) + ": keys that start with __ are ours";
  if (key.size() > limits::label_key_bytes)
    return "label " + quoted(key) + ": the key is longer than 32 bytes";
  if (value.size() > limits::label_value_bytes)
    return "label " + quoted(key) + ": the value is longer than 128 bytes";
  return "";
}

std::string check_listen_http(const std::string& text) {
  const auto address = parse_http_address(text);
  return address ? "" : quoted(text) + ": " + address.error();
}

std::string check_listen_tchannel(const std::string& text) {
  const auto address = parse_address(text);
  return address ? "" : quoted(text) + ": " + address.error();
}

std::string check_listen_peer(const std::string& text) {
  const auto address = parse_address(text);
  if (!address) return quoted(text) + ": " + address.error();
  if (address->is_unix()) return quoted(text) + " is a unix socket; other machines need host:port";
  return "";
}

std::string check_advertise(const std::string& text) {
  return text.empty() ? "" : check_dialled(text, peer_port);
}

std::string check_app_address(const std::string& text) {
  if (text.empty()) return "";
  const auto address = parse_address(text);
  if (!address) return quoted(text) + ": " + address.error();
  if (!address->is_unix() && address->port == 0) return quoted(text) + ": port 0 cannot be dialled";
  if (address->is_wildcard()) return quoted(text) + " is a wildcard, which nobody can dial";
  return "";
}

std::string check_seed(const std::string& text) {
  const auto behind = [&](std::string_view prefix) { return std::string_view(text).substr(prefix.size()); };
  if (text.starts_with("dns://"))
    return check_dialled(behind("dns://"), peer_port).empty()
               ? ""
               : quoted(text) + " is not dns://name or dns://name:port";
  if (text.starts_with("srv://"))
    return behind("srv://").empty() || behind("srv://").find_first_of(":/ ") != text.npos
               ? quoted(text) + " is not srv://name; the records hold the ports"
               : "";
  if (text.starts_with("file:")) return behind("file:").empty() ? quoted(text) + " is not file:path" : "";
  if (text.find("://") != text.npos)
    return quoted(text) + " is not a seed: host:port, dns://name:port, srv://name or file:path";
  return check_dialled(text, peer_port);
}

std::string check_host_name(const std::string& text) {
  const std::string_view name = std::string_view(text).substr(text.starts_with("*.") ? 2 : 0);
  const bool v6 =
      name.starts_with('[') && name.ends_with(']') && Network::parse(name.substr(1, name.size() - 2));
  if (v6) return "";
  if (name.find(':') != name.npos) return quoted(text) + ": a name stands here without its port";
  if (!name.empty() && name.size() <= limits::host_name_bytes && !name.starts_with('.') &&
      name.find_first_not_of(name_characters) == name.npos)
    return "";
  return quoted(text) + " is not a host name: letters, digits, '.', '_' or '-'; *. may stand before it";
}

std::string check_api_host(const std::string& text) {
  if (text == "*") return "";
  if (text.find("://") != text.npos)
    return quoted(text) + " is an origin; a name stands here, with or without a port";
  const auto address = parse_address(text, 1);
  if (!address) return quoted(text) + ": " + address.error();
  if (address->is_unix()) return quoted(text) + " is a unix socket, which answers for any host";
  if (address->port == 0) return quoted(text) + ": nobody asks at port 0";
  const bool v6 = address->host.find(':') != address->host.npos;
  return check_host_name(v6 ? "[" + address->host + "]" : address->host);
}

std::string check_origin(const std::string& text) {
  const std::string example =
      " is not an origin: scheme://host or scheme://host:port, as https://shop.example";
  const auto scheme = text.find("://");
  if (scheme == text.npos || scheme == 0) return quoted(text) + example;
  const std::string rest = text.substr(scheme + 3);
  if (rest.find_first_of("/?#*") != rest.npos || !check_api_host(rest).empty()) return quoted(text) + example;
  if ((text.starts_with("http://") && text.ends_with(":80")) ||
      (text.starts_with("https://") && text.ends_with(":443")))
    return quoted(text) + ": browsers leave out the port that belongs to the scheme";
  return "";
}

std::string check_network(const std::string& text) {
  if (text == "unix") return "";
  const auto network = Network::parse(text);
  return network ? "" : network.error();
}

std::string check_cidr(const std::string& text) {
  const auto network = Network::parse(text);
  return network ? "" : network.error();
}

std::string check_statsd_address(const std::string& text) {
  return text.empty() ? "" : check_dialled(text, 0);
}

std::string check_statsd_prefix(const std::string& text) {
  const bool plain =
      text.size() <= limits::statsd_prefix_bytes && text.find_first_not_of(name_characters) == text.npos;
  if (plain && !text.ends_with('.')) return "";
  return quoted(text) +
         " is not a prefix: up to 200 letters, digits, '.', '_' or '-', the last of them no dot";
}

}  // namespace ringside::config
