"""The part of the plugin about products, price lists, promotions, parametric products."""
