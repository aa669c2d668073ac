# bench/<name>_bench.cc: programs that measure; only `make bench` builds them (target benches).
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.cc)
add_custom_target(benches)
foreach(source ${bench_sources})
  get_filename_component(target ${source} NAME_WE)
  add_executable(${target} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${target} PRIVATE eai_cli eai_flags)
  add_dependencies(benches ${target})
endforeach()
