target_link_libraries(mr_io PUBLIC Boost::json)
