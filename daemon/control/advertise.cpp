#include "daemon/control/advertise.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <optional>

#include "daemon/base/network.hpp"

namespace ringside::control {
namespace {

namespace ip = boost::asio::ip;

constexpr const char* remedy = "; set advertise (--advertise) to the ip:port that the other hosts can reach";

// Connecting a UDP socket sends nothing; it makes the kernel choose the source address.
std::optional<ip::address> source_towards(const ip::address& there) {
  boost::asio::io_context io;
  boost::system::error_code error;
  ip::udp::socket socket(io);
  socket.connect(ip::udp::endpoint(there, 9), error);
  if (error) return std::nullopt;
  const auto here = socket.local_endpoint(error);
  if (error || here.address().is_unspecified()) return std::nullopt;
  return here.address();
}

std::optional<ip::address> first_interface(bool v6) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> guard(list, &::freeifaddrs);
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || (i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    if (!v6 && i->ifa_addr->sa_family == AF_INET)
      return ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr.s_addr));
    if (!v6 || i->ifa_addr->sa_family != AF_INET6) continue;
    ip::address_v6::bytes_type bytes;
    const auto& raw = reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr.s6_addr;
    std::copy(std::begin(raw), std::end(raw), bytes.begin());
    if (const ip::address_v6 address(bytes); !address.is_link_local()) return address;
  }
  return std::nullopt;
}

std::optional<ip::address> own_address(bool v6, const std::vector<std::string>& seeds) {
  for (const auto& seed : seeds) {
    const auto parsed = parse_address(seed, 1);
    boost::system::error_code error;
    const auto there = parsed ? ip::make_address(parsed->host, error) : ip::address();
    if (!parsed || error || there.is_v6() != v6) continue;
    if (auto here = source_towards(there)) return here;
  }
  // Any address outside will do to find the default route; these two are reserved for documentation.
  if (auto here = source_towards(ip::make_address(v6 ? "2001:db8::1" : "192.0.2.1"))) return here;
  return first_interface(v6);
}

std::optional<ip::address> as_ip(const std::string& host) {
  boost::system::error_code error;
  const auto literal = ip::make_address(host, error);
  if (!error) return literal;
  boost::asio::io_context io;
  ip::tcp::resolver resolver(io);
  std::optional<ip::address> found;
  for (const auto& entry : resolver.resolve(host, "", error)) {
    if (!found || (found->is_v6() && entry.endpoint().address().is_v4())) found = entry.endpoint().address();
  }
  return found;
}

}  // namespace

Result<Address, std::string> advertised_address(const std::string& configured, const Address& listening,
                                                const std::vector<std::string>& seeds) {
  Address wanted = listening;
  if (!configured.empty()) {
    auto parsed = parse_address(configured, listening.port);
    if (!parsed) return "cannot advertise '" + configured + "': " + parsed.error() + remedy;
    wanted = std::move(*parsed);
    if (wanted.is_unix() || wanted.is_wildcard())
      return "cannot advertise '" + configured + "': nobody can dial that" + remedy;
  }
  const auto found = wanted.is_wildcard() ? own_address(wanted.host == "::", seeds) : as_ip(wanted.host);
  if (!found && wanted.is_wildcard())
    return "no address to advertise: this host has no interface but loopback" + std::string(remedy);
  if (!found) return "cannot advertise '" + wanted.host + "': the name has no address" + remedy;
  Address address{found->to_string(), wanted.port, {}};
  if (!is_plain_unicast(address.host))
    return "cannot advertise '" + address.host +
           "': it is not the address of one machine that others can dial" + remedy;
  return address;
}

}  // namespace ringside::control
