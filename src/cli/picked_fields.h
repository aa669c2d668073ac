// Why: a script that wants two values of each object says which, and gets no others: `--json=name,hash`.
// Thread: any; pure functions.
#pragma once

#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

namespace eai::cli {

struct Pick {
  std::vector<std::string> fields;  // empty: the object as it is
  // Of an object that has one of these lists, the fields are those of the list's items.
  std::vector<std::string> lists = {};
};

// One object for the value, or for each item of its lists, with those of the fields that it has, in the order in which
// they were asked for. One that has none of them is left out, and so is an item whose "hash" a list before has had.
std::vector<boost::json::object> picked(const boost::json::value& value, const Pick& pick);

}  // namespace eai::cli
