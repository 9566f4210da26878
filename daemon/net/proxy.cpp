#include "daemon/net/proxy.hpp"

#include <utility>

#include "proto/ringpop/codec.hpp"

namespace ringside::net {
namespace {

constexpr std::uint8_t ok = 0, application_error = 1;
constexpr int too_many_status = 429;

std::string body_of(std::string_view type, std::string message) {
  return ringpop::encode(ringpop::Response(ringpop::Rejection{std::string(type), std::move(message)}));
}

}  // namespace

ProxyAnswer proxy_refusal(std::string_view type, std::string message) {
  return {application_error, {}, body_of(type, std::move(message))};
}

ProxyAnswer proxy_overload(std::string message) {
  return {ok, ringpop::encode(ringpop::ProxyResponse{too_many_status, {}}),
          body_of(ringpop::too_many_requests, std::move(message))};
}

}  // namespace ringside::net
