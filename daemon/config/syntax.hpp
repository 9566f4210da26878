// What single texts of the configuration must look like: names, labels, addresses, seeds. Each check answers
// with what is wrong, in one sentence, or with nothing. Whether fields fit together is checked in
// clashes.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/address.hpp"

namespace ringside::config {

inline constexpr std::uint16_t peer_port = 7601;  // of seeds that name none

std::string check_cluster(const std::string&);
std::string check_name(const std::string&);
std::string check_label(const std::string& key_equals_value);
std::string check_listen_http(const std::string&);
std::string check_listen_tchannel(const std::string&);
std::string check_listen_peer(const std::string&);
std::string check_advertise(const std::string&);
std::string check_app_address(const std::string&);
std::string check_path(const std::string&);
std::string check_seed(const std::string&);
std::string check_host_name(const std::string&);
std::string check_api_host(const std::string&);
std::string check_origin(const std::string&);
std::string check_network(const std::string&);
std::string check_cidr(const std::string&);
std::string check_statsd_address(const std::string&);
std::string check_statsd_prefix(const std::string&);

}  // namespace ringside::config
