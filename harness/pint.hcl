# What pint finds in the alerting rules is an error, but for this:
checks {
  disabled = [
    "promql/regexp",  # a list of values with one name in it is a regular expression all the same
    "alerts/for",     # each rule says its `for`, so that values can change it
  ]
}
