#include "daemon/worker/api_access.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace ringside::worker {
namespace {

// Of an Authorization field; empty: it has none.
std::string_view bearer_of(std::string_view value) {
  constexpr std::string_view scheme = "bearer ";
  if (value.size() <= scheme.size() || !http::equals_ignore_case(value.substr(0, scheme.size()), scheme))
    return {};
  value.remove_prefix(scheme.size());
  return value.substr(std::min(value.find_first_not_of(' '), value.size()));
}

bool is_operator(int socket) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) return false;
  ucred peer{};
  size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

ApiAccess::Caller ApiAccess::caller(int socket) const {
  return {.is_local = local_, .is_operator = is_operator(socket)};
}

ApiAccess::Verdict ApiAccess::judge(const http::RequestHead& head, const Caller& caller) const {
  if (!tokens_) return {};
  Verdict verdict{.role = caller.is_operator ? Role::ops : caller.is_local ? Role::app : Role::none};
  for (const auto& [name, value, known] : head.fields) {
    const bool authorization = known == http::Name::authorization;
    if (!authorization && !http::equals_ignore_case(name, "ringside-token")) continue;
    const auto role = tokens_->role_of(authorization ? bearer_of(value) : value);
    verdict.by_token = verdict.by_token || role != Role::none;
    verdict.wrong_token = verdict.wrong_token || (!authorization && role == Role::none);
    verdict.authorization = verdict.authorization || (authorization && role != Role::none);
    verdict.role = std::max(verdict.role, role);
  }
  return verdict;
}

}  // namespace ringside::worker
