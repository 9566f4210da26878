#include "daemon/net/resolve_names.hpp"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "daemon/base/address.hpp"
#include "daemon/base/limits.hpp"

namespace ringside::net {
namespace {

void append_addresses(const std::string& name, std::uint16_t port, bool every_family, std::string& answer) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); code != 0) {
    answer += "!cannot look up " + name + ": " + ::gai_strerror(code) + "\n";
    return;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  std::string v4;
  std::string v6;
  for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
    std::array<char, NI_MAXHOST> host{};
    if (::getnameinfo(i->ai_addr, i->ai_addrlen, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    (i->ai_family == AF_INET ? v4 : v6) += Address{host.data(), port, {}}.to_string() + "\n";
  }
  answer += v4;
  if (every_family || v4.empty()) answer += v6;
}

void append_targets(const std::string& name, std::string& answer) {
  struct __res_state state{};
  if (::res_ninit(&state) != 0) {
    answer += "!the resolver cannot be set up\n";
    return;
  }
  const std::unique_ptr<struct __res_state, decltype(&::res_nclose)> guard(&state, &::res_nclose);
  state.retrans = 1;
  state.retry = 2;
  std::array<unsigned char, 16384> reply{};
  const int size =
      ::res_nquery(&state, name.c_str(), ns_c_in, ns_t_srv, reply.data(), static_cast<int>(reply.size()));
  ns_msg message;
  if (size < 0 ||
      ::ns_initparse(reply.data(), std::min(size, static_cast<int>(reply.size())), &message) != 0) {
    answer += "!no SRV records for " + name + "\n";
    return;
  }
  const std::size_t count = std::min<std::size_t>(ns_msg_count(message, ns_s_an), limits::srv_targets);
  for (std::size_t i = 0; i < count; ++i) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, static_cast<int>(i), &record) != 0 || ns_rr_type(record) != ns_t_srv)
      continue;
    const unsigned char* data = ns_rr_rdata(record);  // priority:2 weight:2 port:2 target
    std::array<char, NS_MAXDNAME> target{};
    if (ns_rr_rdlen(record) < 7 || ::dn_expand(ns_msg_base(message), ns_msg_end(message), data + 6,
                                               target.data(), static_cast<int>(target.size())) < 0)
      continue;
    append_addresses(target.data(), static_cast<std::uint16_t>(ns_get16(data + 4)), true, answer);
  }
}

}  // namespace

void look_up_name(const NameLookup& lookup, int fd) {
  std::string answer;
  switch (lookup.kind) {
    case NameLookup::Kind::host: append_addresses(lookup.name, lookup.port, false, answer); break;
    case NameLookup::Kind::all: append_addresses(lookup.name, lookup.port, true, answer); break;
    case NameLookup::Kind::srv: append_targets(lookup.name, answer); break;
  }
  // Nobody reads any more when we are late: then this fails, and that is fine.
  for (std::string_view rest = answer; !rest.empty();) {
    const auto sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::close(fd);
}

NameAnswer read_name_answer(std::string_view text) {
  NameAnswer answer;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with('!'))
      answer.error = line.substr(1);
    else if (!line.empty())
      answer.addresses.emplace_back(line);
  }
  return answer;
}

}  // namespace ringside::net
