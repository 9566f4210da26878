// The cluster keys of all members: pages that order a change, what members tell each other about it, when it
// is refused, and the answer with a row for each member. Keys have public ids; the key itself stands in one
// order and one message, those that install it, and nowhere else. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/base/result.hpp"

namespace ringside::api {

// One member, as far as it is known by asking it.
struct MemberKeys {
  std::string name, address;
  std::vector<std::string> ids{};  // of its keys; the first is the one that it dials with
  std::string reason{};            // why there are none, one sentence; empty: it has answered
  bool ringside = true;            // else a Ringpop node, which has no keys
};

// Members that stand in the way of a change, each a line that begins with its name; none: it may be made.
// So that no two members stop understanding each other, a key is used when all have it, and removed when
// nobody dials with it and everybody has what the others dial with.
[[nodiscard]] std::vector<std::string> objections(const KeyringVerb&, std::span<const MemberKeys>);

// 200: every member did it, or has been asked; 207: not every one. Rows are sorted by name.
[[nodiscard]] Response keyring_answer(std::span<const MemberKeys>);
// 409: nobody did it.
[[nodiscard]] Response keyring_refusal(std::string detail, std::vector<std::string> errors = {});

// What one ringside asks of another (proto/README.md), and its answer.
inline constexpr std::string_view keyring_endpoint = "/keyring";
[[nodiscard]] std::string to_json(const KeyringVerb&);
[[nodiscard]] Result<KeyringVerb, std::string> read_keyring_verb(std::string_view json);
[[nodiscard]] std::string ids_to_json(std::span<const std::string> ids);
[[nodiscard]] Result<std::vector<std::string>, std::string> read_ids(std::string_view json);
// The message of a refusal, {"type", "message"}.
[[nodiscard]] std::string read_refusal(std::string_view json);

}  // namespace ringside::api
