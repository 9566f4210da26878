// PATCH /v1/self takes a merge patch (RFC 7396): what it does not name stays, null takes a thing away. The
// page reads it, the control thread applies it to what is said at that moment, so of two patches at once both
// count.
#include "daemon/api/self_orders.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/api/json_body.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/config/syntax.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

// Empty: it was taken.
std::string read_labels(const Json& labels, SelfPatch& patch) {
  if (labels.is_null()) {
    patch.without_labels = true;
    return "";
  }
  if (!labels.is_object()) return R"(labels is not like {"zone": "eu"})";
  for (const auto& [key, value] : labels.items()) {
    if (value.is_null()) {
      patch.labels.emplace_back(key, std::nullopt);
      continue;
    }
    if (!value.is_string()) return "label '" + key + "' is neither a text nor null, which takes it away";
    auto text = value.get<std::string>();
    if (key.find('=') != std::string::npos) return "label '" + key + "': a key has no =";
    if (auto wrong = config::check_label(key + "=" + text); !wrong.empty()) return wrong;
    patch.labels.emplace_back(key, std::move(text));
  }
  return "";
}

std::string read_weight(const Json& weight, SelfPatch& patch) {
  if (weight.is_null()) {
    patch.weight = 1;
    return "";
  }
  const bool fits = weight.is_number_integer() && weight >= 1 && weight <= limits::weight;
  if (!fits) return "weight is a whole number from 1 to " + std::to_string(limits::weight);
  patch.weight = weight.get<int>();
  return "";
}

}  // namespace

Response order_self(const Call& call) {
  auto read = json_body(call, "a few labels");
  if (!read) return std::move(read).error();
  const Json body = std::move(*read);
  if (!body.is_object())
    return problem(Code::bad_request, R"(the body is not like {"labels": {"zone": "eu"}, "weight": 2})");
  SelfPatch patch;
  for (const auto& [key, value] : body.items()) {
    const std::string wrong = key == "labels"   ? read_labels(value, patch)
                              : key == "weight" ? read_weight(value, patch)
                                                : "'" + key + "' cannot be changed, only labels and weight";
    if (!wrong.empty()) return problem(Code::bad_setting, wrong);
  }
  Response response;
  response.order = Order{.kind = Order::Kind::self, .self = std::move(patch)};
  return response;
}

Result<Words, Response> patched(const View& view, const Words& words, const SelfPatch& patch) {
  std::map<std::string, std::string> labels;
  if (!patch.without_labels) labels.insert(words.labels.begin(), words.labels.end());
  for (const auto& [key, value] : patch.labels) {
    if (value)
      labels[key] = *value;
    else
      labels.erase(key);
  }
  const Words wanted{ringpop::Labels::List(labels.begin(), labels.end()),
                     patch.weight.value_or(words.weight)};
  if (wanted.labels.size() > limits::labels)
    return problem(Code::bad_setting, std::to_string(wanted.labels.size()) +
                                          " labels are too many, at most " + std::to_string(limits::labels));
  if (view.identity == "address" && (!wanted.labels.empty() || wanted.weight != 1))
    return problem(
        Code::conflict,
        "with ring.identity: address, which is meant for ringpop-node, a member has neither labels "
        "nor a weight");
  if (wanted.weight == 1) return wanted;
  if (const MemberView* peer = ringpop_member(view))
    return problem(Code::conflict, "the member at " + peer->address +
                                       " is a Ringpop node and knows no weights: the two would disagree on "
                                       "the owners of keys. The weight stays 1 as long as it is a member");
  return wanted;
}

Response self_answer(const Context& context) {
  static const Query no_query;
  return self_page({context, {}, no_query, {}});
}

}  // namespace ringside::api
