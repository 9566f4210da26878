// What gRPC asks of a proxy beyond HTTP/2: errors as a status in the head of an empty reply (trailers-only),
// and the caller's time limit. Pure. See proto/spec/forwarding.md, section "gRPC".
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/base/time.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

[[nodiscard]] bool is_grpc_type(std::string_view content_type) noexcept;
[[nodiscard]] bool is_grpc(const std::vector<http::Field>&) noexcept;  // by the content type
[[nodiscard]] std::optional<Millis> parse_grpc_timeout(std::string_view) noexcept;
[[nodiscard]] api::Response render_for_grpc(const api::Problem&);

}  // namespace ringside::worker
