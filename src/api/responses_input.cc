#include "api/responses_input.h"

#include "api/json_read.h"
#include "api/json_tree.h"
#include "api/random_name.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_id_limit = 100;  // bytes of a foreign id that are repeated

Failure not_kept(const std::string& path, std::string_view what, std::string_view id) {
  return fail_about(path, Code::invalid,
                    "there is no " + std::string(what) + " '" + printable(id, k_id_limit) +
                        "'; responses are kept for an hour at most, so send the earlier items in 'input'");
}

std::string_view prefix_of(std::string_view kind) {
  if (kind == "message") return "msg_";
  if (kind == "reasoning") return "rs_";
  if (kind == "function_call") return "fc_";
  if (kind == "function_call_output") return "fco_";
  return "item_";
}

// The item as it is listed to whoever asks for it later: with its type, an id and a list of parts.
void complete(json::object& item) {
  const std::string kind(kind_of_item(item));
  item["type"] = kind;
  if (text_in(item, "id").empty()) item["id"] = std::string(prefix_of(kind)) + random_name();
  json::value* content = member(item, "content");
  if (kind != "message" || content == nullptr || !content->is_string()) return;
  const bool own = text_in(item, "role") == "assistant";
  json::object part(item.storage());
  part["type"] = own ? "output_text" : "input_text";
  part["text"] = std::move(*content);
  if (own) part["annotations"] = json::array(item.storage());
  json::array parts(item.storage());
  parts.push_back(std::move(part));
  *content = std::move(parts);
}

class Input {
 public:
  Input(Memory& memory, ItemMessages& messages, json::storage_ptr storage)
      : memory_(memory), messages_(messages), storage_(std::move(storage)) {}

  Result<void> add_previous(std::string_view id, Ignored& ignored) {
    const auto found = memory_.shelf == nullptr ? nullptr : memory_.shelf->find(memory_.owner, id);
    if (found == nullptr) return not_kept("previous_response_id", "response", id);
    const std::size_t told = ignored.size();
    for (const ShelfItems* items : {&found->input, &found->output}) {
      for (const auto& item : *items) EAI_CHECK(add_kept(item, "previous_response_id"));
    }
    ignored.resize(told);  // it was told to whoever sent them
    return {};
  }

  Result<void> add(json::value& value, const std::string& path) {
    json::object* item = value.if_object();
    if (item == nullptr) return messages_.add(value, path);
    if (kind_of_item(*item) == "item_reference") return add_reference(*item, path);
    if (memory_.keeps) keep(*item);
    return messages_.add(value, path);
  }

 private:
  Result<void> add_kept(const std::shared_ptr<const ShelfItem>& item, const std::string& path) {
    json::parse_options options;
    options.max_depth = k_max_depth;
    json::value value = json::parse(item->text, storage_, options);
    if (memory_.keeps) put(item);
    if (messages_.add(value, path, Inside::other)) return {};
    return fail_about(
        path, Code::invalid,  // its arguments were cut off
        "the item '" + printable(item->id, k_id_limit) + "' is incomplete, so a conversation cannot go on from it");
  }

  Result<void> add_reference(const json::object& item, const std::string& path) {
    const std::string_view id = text_in(item, "id");
    if (id.empty()) return bad_field(path + ".id", "the id of an item");
    const auto found = memory_.shelf == nullptr ? nullptr : memory_.shelf->item(memory_.owner, id);
    if (found == nullptr) return not_kept(path + ".id", "item", id);
    return add_kept(found, path);
  }

  void keep(json::object& item) {
    complete(item);
    std::string id(text_in(item, "id"));
    put(std::make_shared<const ShelfItem>(ShelfItem{std::move(id), json::serialize(item)}));
  }

  void put(const std::shared_ptr<const ShelfItem>& item) {
    bytes_ += item->text.size();
    memory_.keeps = bytes_ <= ResponsesShelf::k_largest;
    if (memory_.keeps) {
      memory_.input.push_back(item);
    } else {
      memory_.input.clear();
    }
  }

  Memory& memory_;
  ItemMessages& messages_;
  json::storage_ptr storage_;
  std::size_t bytes_ = 0;  // of what is kept
};

}  // namespace

Result<void> add_input(json::object& body, Memory& memory, ItemMessages& messages, Ignored& ignored) {
  Input input(memory, messages, body.storage());
  const std::string_view previous = text_in(body, "previous_response_id");
  if (member(body, "previous_response_id") != nullptr) EAI_CHECK(input.add_previous(previous, ignored));
  json::value* given = member(body, "input");
  if (given == nullptr) {
    if (!previous.empty()) return {};
    return fail_about("input", Code::invalid, "the field 'input' is missing");
  }
  if (given->is_string()) {
    if (given->get_string().empty()) return fail_about("input", Code::invalid, "the field 'input' is empty");
    json::object item(body.storage());
    item["role"] = "user";
    item["content"] = std::move(*given);
    json::value value(std::move(item));
    return input.add(value, "input");
  }
  json::array* items = given->if_array();
  if (items == nullptr) return bad_field("input", "a string or a list of items");
  if (items->empty() && previous.empty()) return fail_about("input", Code::invalid, "the field 'input' is empty");
  for (std::size_t i = 0; i < items->size(); ++i) EAI_CHECK(input.add((*items)[i], path_at("input", i)));
  return {};
}

}  // namespace eai::api
