"""Reading the trials of a search: columns, filters, order, pages. An address has it all."""
