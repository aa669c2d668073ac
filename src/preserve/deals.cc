#include "preserve/deals.h"

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

std::string text_at(const json::object& object, const std::vector<const char*>& keys) {
  for (const char* key : keys) {
    const json::value* found = object.if_contains(key);
    if (found == nullptr) continue;
    if (found->is_string()) return printable(std::string(found->get_string()), 100);
    if (found->is_number()) return json::serialize(*found);
  }
  return "";
}

// [...], {"data": [...]}, {"data": {"dealStatus": [...]}}
const json::array* find_deals(const json::value& value) {
  if (value.is_array()) return &value.get_array();
  if (!value.is_object()) return nullptr;
  for (const char* key : {"data", "dealStatus"}) {
    if (const json::value* found = value.get_object().if_contains(key)) return find_deals(*found);
  }
  return nullptr;
}

}  // namespace

Result<std::vector<Deal>> parse_deals(ByteView bytes) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(text_of(bytes)), error);
  const json::array* list = error ? nullptr : find_deals(value);
  if (list == nullptr) return fail(Code::network, "this is not a list of deals: " + printable(text_of(bytes), 200));
  std::vector<Deal> deals;
  for (const json::value& entry : *list) {
    if (!entry.is_object()) return fail(Code::network, "a deal is not an object: " + printable(text_of(bytes), 200));
    const json::object& deal = entry.get_object();
    deals.push_back({text_at(deal, {"dealStatus", "status"}), text_at(deal, {"storageProvider", "miner"}),
                     text_at(deal, {"chainDealID", "dealId"})});
  }
  return deals;
}

Result<std::vector<Deal>> deals_of(const std::string& api, const ipld::Cid& cid, const AuditSettings& settings) {
  peers::ServiceCall call;
  call.what = "lighthouse: deals of " + cid.str();
  call.method = "GET";
  call.url = api + "/api/lighthouse/deal_status?cid=" + cid.str();
  EAI_TRY(const Bytes answer, peers::call_service(call, settings.tries, settings.stop));
  auto deals = parse_deals(answer);
  if (!deals) return Failure(std::move(deals).error().with(call.what));
  return deals;
}

}  // namespace eai::preserve
