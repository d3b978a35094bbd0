-- name: words_of_name
-- The words of a name in lower case, without accents and punctuation. No parser: PostgreSQL's own sees host names and file
-- paths where people wrote a name. What stands behind 300 characters is not looked for.
CREATE FUNCTION words_of_name(name text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_tsvector(array_remove(string_to_array(translate(
        lower(left(name, 300)),
        'áàâãäåéèêëíìîïóòôõöúùûüýÿñçÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÝŸÑÇ!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~',
        'aaaaaaeeeeiiiiooooouuuuyyncaaaaaaeeeeiiiiooooouuuuyync                                '
    ), ' '), ''))
$$;

-- name: index
CREATE INDEX person_name_idx ON person USING gin (words_of_name(full_name));
