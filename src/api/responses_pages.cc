#include "api/responses_pages.h"

#include <algorithm>

#include <boost/json.hpp>
#include <boost/url/params_view.hpp>
#include <boost/url/parse_query.hpp>

#include "api/api_error.h"
#include "api/fields.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_id_limit = 100;  // bytes of an id that are repeated

http::Reply page(std::string body) {
  return {200, {{"cache-control", "no-store"}, {"content-type", "application/json"}}, std::move(body)};
}

http::Reply not_kept(std::string_view id) {
  return error_reply(Error{Code::not_found, "there is no response '" + printable(id, k_id_limit) +
                                                "'; responses are kept for an hour at most"});
}

// Which of the items are wanted.
struct Slice {
  std::size_t limit = 20;
  bool oldest_first = false;
  std::string after;  // an item's id; empty: from the first
};

Result<Slice> slice_of(std::string_view query) {
  Slice out;
  const auto given = boost::urls::parse_query(query);
  if (!given) return fail(Code::invalid, "the query is not well formed");
  for (const auto& parameter : boost::urls::params_view(*given)) {
    if (parameter.key == "limit") {
      const auto limit = parse_u64(parameter.value);
      if (!limit || *limit < 1 || *limit > 100) return bad_field("limit", "a whole number from 1 to 100");
      out.limit = *limit;
    } else if (parameter.key == "order") {
      if (parameter.value != "asc" && parameter.value != "desc") return bad_field("order", R"("asc" or "desc")");
      out.oldest_first = parameter.value == "asc";
    } else if (parameter.key == "after") {
      out.after = parameter.value;
    }
  }
  return out;
}

std::string list_of(ShelfItems items, const Slice& slice) {
  if (!slice.oldest_first) std::reverse(items.begin(), items.end());
  auto begin = items.begin();
  if (!slice.after.empty()) {
    begin = std::find_if(begin, items.end(), [&](const auto& item) { return item->id == slice.after; });
    if (begin != items.end()) ++begin;
  }
  const auto count = std::min<std::size_t>(slice.limit, static_cast<std::size_t>(items.end() - begin));
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  std::string data;
  for (auto at = begin; at != end; ++at) data += (at == begin ? "" : ",") + (*at)->text;
  json::object out{{"object", "list"}, {"first_id", nullptr}, {"last_id", nullptr}, {"has_more", end != items.end()}};
  if (count > 0) {
    out["first_id"] = (*begin)->id;
    out["last_id"] = (*(end - 1))->id;
  }
  std::string text = json::serialize(out);
  text.pop_back();  // the brace
  return text + ",\"data\":[" + data + "]}";
}

}  // namespace

http::Reply response_page(ResponsesShelf& shelf, std::string_view owner, std::string_view id) {
  const auto kept = shelf.find(owner, id);
  return kept == nullptr ? not_kept(id) : page(kept->text);
}

http::Reply deletion_page(ResponsesShelf& shelf, std::string_view owner, std::string_view id) {
  if (!shelf.erase(owner, id)) return not_kept(id);
  return page(json::serialize(json::object{{"id", id}, {"object", "response"}, {"deleted", true}}));
}

http::Reply input_items_page(ResponsesShelf& shelf, std::string_view owner, std::string_view id,
                             std::string_view query) {
  const auto kept = shelf.find(owner, id);
  if (kept == nullptr) return not_kept(id);
  const auto slice = slice_of(query);
  return slice ? page(list_of(kept->input, *slice)) : error_reply(slice.error());
}

}  // namespace eai::api
