#include "daemon/api/stats.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/api/key_text.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/stable_sort.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json owners_json(const View& view, const Stats& stats) {
  std::uint64_t all = 0;
  for (const auto& [address, requests] : stats.owners) all += requests;
  Json owners = Json::array();
  for (const auto& [address, requests] : stats.owners) {
    const MemberView* member = member_at(view, address);
    const auto server = server_at(*view.ring, address);
    owners.push_back({{"name", member == nullptr ? address : member->name},
                      {"address", address},
                      {"requests", requests},
                      {"share", share(requests, all)},
                      {"ring_share", server ? view.ring->share_ppm(*server) / 1e6 : 0.0}});
  }
  return owners;
}

Json keys_json(const View& view, const Stats& stats) {
  std::vector<HotKey> keys = stats.hot_keys;
  stable_sort(keys, [](const HotKey& a, const HotKey& b) { return a.count > b.count; });
  keys.resize(std::min(keys.size(), limits::hot_keys));
  Json list = Json::array();
  for (const HotKey& hot : keys) {
    KeyText shown = key_text(hot.key);
    Json key;
    key["key"] = std::move(shown.text);
    if (shown.percent) key["key_encoding"] = "percent";
    key["bytes"] = hot.bytes;
    // Of a longer key only the beginning is kept, and that does not say who owns it.
    const auto owner = hot.bytes > hot.key.size() ? std::nullopt : view.ring->owner(hot.key);
    key["owner"] = owner ? Json(view.ring->server(*owner).name) : Json();
    key["share"] = share(hot.count, stats.counted);
    key["share_at_least"] = share(hot.count - hot.error, stats.counted);
    list.push_back(std::move(key));
  }
  return list;
}

}  // namespace

void add(Stats& sum, const Stats& one) {
  for (const auto& [address, requests] : one.owners) sum.owners[address] += requests;
  for (const HotKey& hot : one.hot_keys) {
    const auto same = std::ranges::find_if(
        sum.hot_keys, [&](const HotKey& other) { return other.key == hot.key && other.bytes == hot.bytes; });
    if (same == sum.hot_keys.end()) {
      sum.hot_keys.push_back(hot);
    } else {
      same->count += hot.count;
      same->error += hot.error;
    }
  }
  sum.counted += one.counted;
}

Response stats_page(const Call& call) {
  Response response;
  if (call.context.stats == nullptr) {
    response.later = Later::stats;
    return response;
  }
  const View& view = call.context.view;
  Json body;
  body["node"] = view.name;
  body["owners"] = owners_json(view, *call.context.stats);
  body["hot_keys"] = keys_json(view, *call.context.stats);
  body["requests_sampled"] = call.context.stats->counted;
  body["sampled_one_in"] = limits::hot_key_sample;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace ringside::api
