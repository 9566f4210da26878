// From the API's JSON to what people read. Pure; throws when the JSON lacks what it needs (cli::run tells the
// user).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringside::cli {

// Columns two spaces apart, no blanks at the ends of lines. Control characters, which labels may hold, become
// '?'.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

// `wide`: with what is measured of each, its version and its incarnation.
[[nodiscard]] std::string render_members(std::string_view members_json, bool wide = false);
[[nodiscard]] std::string render_member(std::string_view member_json, bool wide = false);
// With `wanted` owners 1 the next one is shown too, as far as the answer holds it.
[[nodiscard]] std::string render_lookup(std::string_view lookup_json, std::size_t wanted);
[[nodiscard]] std::string render_owners(std::string_view owners_json);
[[nodiscard]] std::string render_ring(std::string_view ring_json);
[[nodiscard]] std::string render_partitions(std::string_view partitions_json);
[[nodiscard]] std::string render_keys(std::string_view keyring_json);
[[nodiscard]] std::string render_self(std::string_view self_json);
// Whether nodes agree, from their /v1/self.
struct Agreement {
  bool agrees = true;
  std::string text;
};
[[nodiscard]] Agreement compare(const std::vector<std::string>& self_jsons);

}  // namespace ringside::cli
