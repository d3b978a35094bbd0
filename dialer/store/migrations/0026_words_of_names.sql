-- name: words_of_name
-- The words of a name in lower case, without accents and punctuation. No parser: PostgreSQL's own sees host names and file
-- paths where people wrote a name. What stands behind 300 characters is not looked for.
-- `translate` looks each letter up in its whole list, 8 of 9 microseconds a name: a name that has only letters of the
-- alphabet is spared it. Not STRICT, so that the planner puts the body in its place.
CREATE FUNCTION words_of_name(name text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(array_remove(string_to_array(
        CASE
            WHEN lower(left(name, 300)) ~ '[^a-z ]' THEN translate(
                lower(left(name, 300)),
                'áàâãäåéèêëíìîïóòôõöúùûüýÿñçÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÝŸÑÇ!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~',
                'aaaaaaeeeeiiiiooooouuuuyyncaaaaaaeeeeiiiiooooouuuuyync                                '
            )
            ELSE lower(left(name, 300))
        END,
        ' '), ''))
$$;

-- name: index
CREATE INDEX person_name_idx ON person USING gin (words_of_name(full_name));
